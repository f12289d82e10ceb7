import { mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Sink } from './sink.ts';
import { padding, TAR_END, tarHeader } from './tar-header.ts';

/** The files of a container image on their way into a folder or a tar. */
export interface BundleWriter extends Disposable {
  add(name: string, content: string): void;
  /** Adds what `write` writes, as the file that `name` calls it by its SHA-256 in hex. @returns that */
  addHashed(
    name: (hex: string) => string,
    write: (sink: Sink) => void,
  ): { readonly hex: string; readonly size: number };
  finish(): void;
}

/** @param folder that is there, and empty */
export function folderWriter(folder: string): BundleWriter {
  const put = (name: string, write: (sink: Sink) => void): Sink => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const sink = new Sink(path);
    try {
      write(sink);
      sink.finish();
    } finally {
      sink.close();
    }
    return sink;
  };
  return {
    add: (name, content) => void put(name, (sink) => sink.write(Buffer.from(content))),
    addHashed(name, write) {
      let hex = '';
      const { position } = put('partial', (sink) => {
        hex = sink.hashed(() => write(sink));
      });
      mkdirSync(dirname(join(folder, name(hex))), { recursive: true, mode: 0o700 });
      renameSync(join(folder, 'partial'), join(folder, name(hex)));
      return { hex, size: position };
    },
    finish: () => {},
    [Symbol.dispose]: () => {},
  };
}

/** @param path of a file that is not there yet */
export function tarWriter(path: string): BundleWriter {
  const sink = new Sink(path);
  return {
    add(name, content) {
      const bytes = Buffer.from(content);
      sink.write(header(name, bytes.length));
      sink.write(bytes);
      sink.write(padding(bytes.length));
    },
    addHashed(name, write) {
      const at = sink.position;
      // With room for what a size that the old header cannot say would take.
      sink.write(header('x', LARGE));
      const from = sink.position;
      const hex = sink.hashed(() => write(sink));
      const size = sink.position - from;
      sink.write(padding(size));
      sink.patch(sized(name(hex), size), at);
      return { hex, size };
    },
    finish() {
      sink.write(TAR_END);
      sink.finish();
    },
    [Symbol.dispose]: () => sink.close(),
  };
}

const LARGE = 8 ** 11;

function header(name: string, size: number): Buffer {
  return tarHeader({ name, flag: '0', mode: 0o644, uid: 0, gid: 0, size, mtime: 0, nanoseconds: 0 });
}

/** As long as the header of a large file, whatever the size. */
function sized(name: string, size: number): Buffer {
  const records =
    size < LARGE ? [['size', Buffer.from(String(size).padStart(String(LARGE).length, '0'))] as const] : [];
  return tarHeader({ name, flag: '0', mode: 0o644, uid: 0, gid: 0, size, mtime: 0, nanoseconds: 0, records });
}
