import { badArgument, LikerError } from '../../common/errors.ts';
import { fileProblem } from '../cli/file-problem.ts';
import { archiveToFile, archiveToStdout } from '../output/archive-file.ts';

/** Writes an archive to a path, by `write`; undefined: to stdout. Throws BAD_ARGUMENT for a path that cannot be written. */
export async function writeArchive(
  path: string | undefined,
  bytes: AsyncIterable<Uint8Array>,
  write = archiveToFile,
): Promise<void> {
  if (path === undefined) return archiveToStdout(bytes);
  try {
    await write(path, bytes);
  } catch (error) {
    if (error instanceof LikerError) throw error;
    throw badArgument('output', `Cannot write '${path}': ${fileProblem(error, 'write')}`);
  }
}
