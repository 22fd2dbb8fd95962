import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { badArgument } from '../../common/errors.ts';
import { fileProblem } from '../cli/file-problem.ts';

const chunkBytes = 256 * 1024;

/** The bytes of an archive: of a file, of a directory that holds what would be in it, or of stdin. Throws BAD_ARGUMENT when it cannot be read. */
export async function* archiveOf(path: string | undefined): AsyncGenerator<Uint8Array> {
  if (path === undefined) {
    yield* process.stdin;
    return;
  }
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(path)).isDirectory();
    if (!isDirectory) yield* createReadStream(path, { highWaterMark: chunkBytes });
  } catch (error) {
    throw badArgument('input', `Cannot read '${path}': ${fileProblem(error, 'read')}`);
  }
  if (isDirectory) yield* directoryArchive(path);
}

/** A tar of all that is in a directory, with what only tar(1) can read: extended attributes, holes, other names of a file. */
export async function* directoryArchive(
  directory: string,
  { rootOwnsAll = false }: { readonly rootOwnsAll?: boolean } = {},
): AsyncGenerator<Uint8Array> {
  const owner = rootOwnsAll ? ['--owner=root:0', '--group=root:0'] : [];
  const what = ['--create', '--sort=name', '--numeric-owner', '--xattrs', '--xattrs-include=*', '--sparse'];
  const child = spawn('tar', [...what, ...owner, `--directory=${directory}`, '.'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  ended.catch(() => {});
  try {
    yield* child.stdout;
    const [status] = await ended;
    if (status !== 0)
      throw badArgument('input', `Cannot read '${directory}': tar ended with ${status}: ${said.trim()}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw badArgument('input', `Cannot read '${directory}': GNU tar is not on this machine; install tar`);
  } finally {
    child.kill();
  }
}
