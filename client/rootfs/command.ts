import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { asError, LikerError } from '../../common/errors.ts';
import { makeFolder } from '../../common/folders.ts';
import { printLines } from '../output/print.ts';
import type { Provider } from './provider.ts';

export interface RootfsBuildOptions {
  readonly directory: string;
  /** Write into a directory that is not empty; files that the build does not write stay. */
  readonly force: boolean;
  readonly quiet?: boolean;
  /** Aborts the build and leaves nothing half-made. */
  readonly signal?: AbortSignal;
}

/** Builds a root file system in a directory. Throws BAD_ROOTFS for a directory that cannot be used, or a provider that fails. */
export async function runRootfsBuild(provider: Provider, options: RootfsBuildOptions): Promise<void> {
  const { quiet = false, signal } = options;
  const say = (line: string): void => {
    if (!quiet) printLines([line]);
  };
  const directory = realTarget(options.directory);
  const state = stateOf(directory, options);
  if (state === 'in place' && provider.needsEmpty && readdirSync(directory).length > 0)
    throw cannotBuild(
      options.directory,
      'it is not empty, which this provider needs; choose another directory',
    );

  say(`${provider.doing} to ${options.directory}`);
  const fill = (folder: string) => provider.fill(folder, { quiet, signal });
  try {
    const made = state === 'in place' ? await fill(directory) : await buildBeside(directory, fill);
    say(`Built a root file system: ${made}`);
  } catch (thrown) {
    if (thrown instanceof LikerError || signal?.aborted === true) throw thrown;
    throw cannotBuild(options.directory, asError(thrown).message, thrown);
  }
}

function realTarget(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return resolve(directory);
  }
}

/** Whether the tree can be built beside `directory` and renamed, or must be written in place. */
function stateOf(directory: string, { directory: given, force }: RootfsBuildOptions): 'beside' | 'in place' {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found === undefined) return 'beside';
  if (!found.isDirectory()) throw cannotBuild(given, 'it is not a directory');
  if (readdirSync(directory).length > 0) {
    if (!force)
      throw cannotBuild(given, 'it is not empty; choose another directory, or write into it with --force');
    return 'in place';
  }
  const isMountPoint = statSync(dirname(directory)).dev !== found.dev;
  return isMountPoint ? 'in place' : 'beside';
}

/** Builds the tree in a sibling and renames it when it is complete, so that an interrupted build leaves nothing. */
async function buildBeside<T>(directory: string, build: (beside: string) => Promise<T>): Promise<T> {
  makeFolder(dirname(directory), 0o755);
  const beside = mkdtempSync(join(dirname(directory), `.${basename(directory)}.building-`));
  try {
    const made = join(beside, 'root');
    mkdirSync(made);
    chmodSync(made, 0o755); // whatever the umask
    const result = await build(made);
    renameSync(made, directory);
    return result;
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

function cannotBuild(directory: string, why: string, cause?: unknown): LikerError {
  return new LikerError('BAD_ROOTFS', `Cannot build a root file system in '${directory}': ${why}`, {
    metadata: { directory },
    cause,
  });
}
