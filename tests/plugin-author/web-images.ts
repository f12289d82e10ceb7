import { API_VERSION, NookError, type PluginDefinition, type ResolvedImage } from '@nook/daemonapi';

interface WebImage extends ResolvedImage {
  readonly url: URL;
}

/**
 * Images from the web, as a stranger would write it: `http://…/NAME.tar`, with its SHA-256 in `NAME.tar.sha256` beside it.
 */
export const webImages: PluginDefinition = {
  name: 'web-images',
  api: API_VERSION,
  version: '1.0.0',
  from: import.meta.url,
  setup(context) {
    context.contribute('image.source', {
      name: 'web',
      schemes: ['http', 'https'],
      async resolve(reference, { signal }): Promise<WebImage> {
        const url = parse(reference);
        const sum = (await (await get(`${url}.sha256`, signal)).text()).slice(0, 64);
        if (!/^[0-9a-f]{64}$/.test(sum)) throw new NookError('not_found', `${url}.sha256 holds no SHA-256.`);
        return { digest: `sha256:${sum}`, source: url.host, url };
      },
      async fetch({ url }: WebImage, { signal, progress }) {
        const { body, headers } = await get(url, signal);
        const total = Number(headers.get('content-length'));
        const config = { env: ['WEB=1'], cmd: ['/bin/sh'], entrypoint: [], workdir: null, user: null };
        return {
          config,
          stream: counted(body ?? new ReadableStream(), (done) => progress({ stage: 'download', done, total })),
        };
      },
    });
  },
};

function parse(reference: string): URL {
  const url = /^https?:\/\/[\w.:[\]-]+\/[\w./-]+$/.test(reference) ? URL.parse(reference) : null;
  if (url !== null) return url;
  throw new NookError('bad_params', 'That is no URL of a tar.', { hint: 'Write http://HOST/NAME.tar.' });
}

async function get(url: URL | string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw new NookError('unavailable', `${url} cannot be reached.`, { cause });
  }
  if (response.ok) return response;
  await response.body?.cancel();
  throw new NookError('not_found', `${url} answers ${response.status}.`);
}

async function* counted(body: ReadableStream<Uint8Array>, onBytes: (done: number) => void) {
  let done = 0;
  for await (const chunk of body) {
    done += chunk.length;
    onBytes(done);
    yield chunk;
  }
}
