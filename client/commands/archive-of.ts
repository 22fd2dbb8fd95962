import { createReadStream } from 'node:fs';
import { open, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { badArgument } from '../../common/errors.ts';
import { tarEnd, tarHeader, tarPadding } from '../../common/tar.ts';
import { fileProblem } from '../cli/file-problem.ts';

const chunkBytes = 256 * 1024;

/** The bytes of an archive: of a file, of a directory that holds what would be in it, or of stdin. Throws BAD_ARGUMENT when it cannot be read. */
export async function* archiveOf(path: string | undefined): AsyncGenerator<Uint8Array> {
  if (path === undefined) {
    yield* process.stdin;
    return;
  }
  try {
    if ((await stat(path)).isDirectory()) yield* directoryArchive(path);
    else yield* createReadStream(path, { highWaterMark: chunkBytes });
  } catch (error) {
    throw badArgument('input', `Cannot read '${path}': ${fileProblem(error, 'read')}`);
  }
}

/** A tar of the files, folders and links in a directory. Others, such as sockets, belong to no image. */
async function* directoryArchive(directory: string, below = ''): AsyncGenerator<Uint8Array> {
  for (const entry of await readdir(join(directory, below), { withFileTypes: true })) {
    const name = join(below, entry.name);
    const path = join(directory, name);
    if (entry.isSymbolicLink())
      yield tarHeader({ kind: 'link', name, size: 0, target: await readlink(path) });
    else if (entry.isDirectory()) {
      yield tarHeader({ kind: 'folder', name, size: 0 });
      yield* directoryArchive(directory, name);
    } else if (entry.isFile()) yield* fileEntry(path, name);
  }
  if (below === '') yield tarEnd();
}

/** Of a file that grows meanwhile, the bytes that it had. */
async function* fileEntry(path: string, name: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  const { size } = await file.stat();
  yield tarHeader({ kind: 'file', name, size });
  if (size > 0) yield* file.createReadStream({ end: size - 1, highWaterMark: chunkBytes, autoClose: false });
  yield tarPadding(size);
}
