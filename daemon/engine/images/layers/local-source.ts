import type { FileHandle } from 'node:fs/promises';
import type { LayerSource } from './source.ts';

/** A layer's archive in a file that is here. */
export function localSource(
  { digest, size }: Pick<LayerSource, 'digest' | 'size'>,
  open: () => Promise<FileHandle>,
): LayerSource {
  return {
    digest,
    size,
    async open() {
      const file = await open();
      return {
        fd: file.fd,
        there: size,
        bring: null,
        taken: async () => {},
        refused: async () => {},
        [Symbol.asyncDispose]: () => file.close(),
      };
    },
  };
}
