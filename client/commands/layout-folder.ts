import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LikerError } from '../../common/errors.ts';
import { tarEntries } from '../../common/tar-reader.ts';

/** Writes the files of an archive into a new or empty directory. After a failure it is empty. Rejects with the system's error, or BAD_ARGUMENT. */
export async function archiveToFolder(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  await mkdir(path, { recursive: true });
  if ((await readdir(path)).length > 0) {
    throw new LikerError(
      'BAD_ARGUMENT',
      `Cannot write the images to '${path}': it is not empty; name a new directory`,
    );
  }
  try {
    for await (const { kind, name, bytes } of tarEntries(chunks)) {
      if (kind === 'folder') {
        await mkdir(join(path, name));
        continue;
      }
      await using file = await open(join(path, name), 'wx');
      for await (const part of bytes) await file.writeFile(part);
    }
  } catch (error) {
    for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true });
    throw error;
  }
}
