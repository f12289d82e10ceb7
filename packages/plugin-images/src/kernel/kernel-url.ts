import { join } from 'node:path';
import { type KernelContent, type KernelSource, NookError, type ResolvedKernel } from '@nook/daemonapi';
import { runJob } from '../worker/run-job.ts';
import { MAX_KERNEL } from './max-kernel.ts';

interface KernelUrl extends ResolvedKernel {
  readonly url: string;
}

/** A bzImage or a vmlinux on the web: `https://HOST/PATH#sha256=HEX`. What comes is it or nothing. */
export function kernelUrls(): KernelSource {
  return {
    name: 'url',
    schemes: ['https', 'http'],
    async resolve(reference, { signal }): Promise<KernelUrl> {
      signal.throwIfAborted();
      const { url, sha256 } = parse(reference);
      return { digest: `sha256:${sha256}`, source: url, url };
    },
    async fetch({ url, digest }: KernelUrl, work): Promise<KernelContent> {
      const { signal, lockFd } = work;
      const output = join(work.directory, 'kernel');
      const job = { job: 'fetch' as const, url, digest, output, max_bytes: MAX_KERNEL };
      await runJob(job, { signal, lockFd, progress: (update) => work.progress(update) });
      return { image: output };
    },
  };
}

/** The URL goes into records and logs: what would be a secret in it is not taken. */
function parse(reference: string): { readonly url: string; readonly sha256: string } {
  const { text = '', sha256 } = /^(?<text>[^#]*)#sha256=(?<sha256>[0-9a-f]{64})$/.exec(reference)?.groups ?? {};
  if (sha256 === undefined) {
    throw new NookError('bad_params', 'A kernel of the web is taken by its SHA-256 alone.', {
      hint: 'nook kernel pull URL --sha256 HEX, with the 64 hex digits that its publisher gives.',
    });
  }
  const url = /^[!-~]+$/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.username === '' && url.password === '' && url.hostname !== '') {
    return { url: url.href, sha256 };
  }
  throw new NookError('bad_params', 'That is no URL that a kernel can be fetched from.', {
    hint: 'Write it like https://HOST/vmlinux, without a user name or password.',
  });
}
