import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Descriptor } from '../../../oci/document.ts';
import type { Repository } from '../../../registry/api.ts';
import type { Content } from '../../../storage/content.ts';
import type { LayerSource } from './source.ts';

/** A layer's archive in a registry. Its bytes stay in ingest/ when the pull breaks off, and the next one goes on after them. */
export function downloadSource(
  content: Pick<Content, 'partialPath' | 'removePartial'>,
  repository: Pick<Repository, 'download'>,
  descriptor: Descriptor,
): LayerSource {
  const { digest, size } = descriptor;
  return {
    digest,
    size,
    async open() {
      const file = await open(content.partialPath(digest), constants.O_RDWR | constants.O_CREAT, 0o600);
      const { size: found } = await file.stat();
      // More than there should be is none of this.
      if (found > size) await file.truncate(0);
      const there = found > size ? 0 : found;
      return {
        fd: file.fd,
        there,
        bring:
          there === size
            ? null
            : (onBytes, signal) =>
                repository.download(descriptor, { fd: file.fd, offset: there, onBytes }, signal),
        taken: () => content.removePartial(digest),
        refused: () => content.removePartial(digest),
        [Symbol.asyncDispose]: () => file.close(),
      };
    },
  };
}
