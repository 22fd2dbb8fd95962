import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Descriptor } from '../../../oci/document.ts';
import type { Repository } from '../../../registry/api.ts';
import type { Content } from '../../../storage/content.ts';
import type { LayerSource } from './source.ts';

/** A layer's archive in a registry. Its bytes stay in ingest/ when the pull breaks off, and the next one goes on after them. */
export function downloadSource(
  content: Pick<Content, 'partialPath' | 'removePartial' | 'gaps' | 'markGaps'>,
  repository: Pick<Repository, 'download'>,
  descriptor: Descriptor,
): LayerSource {
  const { digest, size } = descriptor;
  return {
    digest,
    size,
    async open() {
      const file = await open(content.partialPath(digest), constants.O_RDWR | constants.O_CREAT, 0o600);
      // A file that nobody closes ends likerd, once it is collected.
      const there = await bytesThere(content, file, descriptor).catch(async (error: unknown) => {
        await file.close();
        throw error;
      });
      return {
        fd: file.fd,
        there,
        bring:
          there === size
            ? null
            : (onBytes, signal) =>
                repository.download(
                  descriptor,
                  {
                    fd: file.fd,
                    offset: there,
                    onBytes,
                    onGaps: (end) => content.markGaps(digest, end),
                  },
                  signal,
                ),
        taken: () => content.removePartial(digest),
        refused: () => content.removePartial(digest),
        [Symbol.asyncDispose]: () => file.close(),
      };
    },
  };
}

/** So many of the first bytes are there. The file ends behind them. */
async function bytesThere(
  content: Pick<Content, 'gaps' | 'markGaps'>,
  file: FileHandle,
  { digest, size }: Descriptor,
): Promise<number> {
  const { size: found } = await file.stat();
  const whole = Math.min(found, (await content.gaps(digest)) ?? found);
  // More than there should be is none of this.
  const there = whole > size ? 0 : whole;
  if (there < found) await file.truncate(there);
  await content.markGaps(digest, null);
  return there;
}
