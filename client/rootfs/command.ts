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
import { formatBytes } from '../../common/units.ts';
import { notice } from '../output/notice.ts';
import { printLines } from '../output/print.ts';
import { planRoot } from './plan.ts';
import { expectedPrograms, wantedProgram } from './programs.ts';
import { writeRoot } from './write.ts';

export interface RootfsBuildOptions {
  readonly directory: string;
  /** Names or paths of programs to add. */
  readonly with: readonly string[];
  /** Write into a directory that is not empty; files that the build does not write stay. */
  readonly force: boolean;
  readonly quiet?: boolean;
  /** Aborts the build and leaves nothing half-made. */
  readonly signal?: AbortSignal;
}

/**
 * Builds a small root file system from this machine's own programs. Throws BAD_ARGUMENT for a missing program, BAD_ROOTFS for a
 * directory that cannot be used.
 */
export async function runRootfsBuild(options: RootfsBuildOptions): Promise<void> {
  const say = (line: string): void => {
    if (options.quiet !== true) printLines([line]);
  };
  const expected = expectedPrograms();
  const wanted = options.with.map((name) => wantedProgram(name));
  const names = new Set([...expected, ...wanted].map(({ name }) => name));
  const directory = realTarget(options.directory);
  const state = stateOf(directory, options);

  say(`Copying ${names.size} programs of this machine to ${options.directory}`);
  try {
    const plan = planRoot(expected, wanted);
    for (const remark of plan.remarks) notice(remark);
    const bytes =
      state === 'in place'
        ? await writeRoot(plan, directory, options.signal)
        : await buildBeside(directory, (beside) => writeRoot(plan, beside, options.signal));
    say(
      `Built a root file system: ${names.size} programs, ${plan.libraryCount} libraries, ${formatBytes(bytes)}`,
    );
  } catch (thrown) {
    if (thrown instanceof LikerError || options.signal?.aborted === true) throw thrown;
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
