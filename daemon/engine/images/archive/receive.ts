import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { hasReason, LikerError } from '../../../../common/errors.ts';
import type { ImageContext } from '../context.ts';

/** An archive of images names a few files for each layer. */
const maxEntries = 100_000;
const maxBytes = 2 ** 40;

/** What an archive holds, in a folder that is removed on disposal. */
export interface Received extends Disposable {
  readonly folder: string;
}

/** Unpacks an archive, plain or compressed, while its bytes come. Errors: BAD_IMAGE, those of the unpacker. */
export async function receiveArchive(
  context: ImageContext,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<Received> {
  const base = await context.content.beginArchive();
  const discard = (): void => context.content.discard(base);
  try {
    const folder = join(base, 'files');
    await mkdir(folder, { mode: 0o700 });
    await unpackInto(context, { file: join(base, 'archive'), folder }, bytes, signal);
    return { folder, [Symbol.dispose]: discard };
  } catch (error) {
    discard();
    if (!hasReason(error, 'BAD_ARCHIVE')) throw error;
    throw new LikerError('BAD_IMAGE', `Cannot read the archive of images: ${error.message}`, {
      cause: error,
    });
  }
}

async function unpackInto(
  { unpacker }: ImageContext,
  { file, folder }: { readonly file: string; readonly folder: string },
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await using source = await open(file, 'wx+', 0o600);
  await using target = await open(folder, constants.O_DIRECTORY);
  const failed = new AbortController();
  const unpacking = unpacker.start({
    source: source.fd,
    target: target.fd,
    whiteouts: 'none',
    maxEntries,
    maxBytes,
    signal: AbortSignal.any([signal, failed.signal]),
  });
  let problem: unknown = null;
  const unpacked = unpacking.layer.catch((error: unknown) => {
    problem ??= error;
  });
  try {
    let there = 0;
    for await (const chunk of bytes) {
      // What still comes is not wanted.
      if (problem !== null) break;
      await source.writeFile(chunk);
      there += chunk.length;
      unpacking.available(there);
    }
    if (there === 0) throw new LikerError('BAD_IMAGE', 'Cannot read the archive of images: it is empty');
    unpacking.end(there);
  } catch (error) {
    problem ??= error;
    failed.abort();
  }
  await unpacked;
  if (problem !== null) throw problem;
}
