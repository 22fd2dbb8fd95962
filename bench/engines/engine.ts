import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ImageCommands } from './image-commands.ts';
import type { Runner } from './runner.ts';

export interface RunOptions {
  /** Passes the command's stdin to the program. */
  readonly stdin?: boolean;
  readonly tty?: boolean;
  /** Writes no log, if the engine has such an option. */
  readonly withoutLog?: boolean;
  /** Of engines that have Docker's words. Default: none. */
  readonly network?: 'none' | 'bridge';
  /** Published ports, as -p has them. */
  readonly publish?: readonly string[];
}

/** A peer: another program that runs containers from the same root file system. */
export interface Engine extends AsyncDisposable {
  readonly name: string;
  /** Takes part in every nth round only, since a slow engine would take most of the time. */
  readonly every: number;
  /** Has neither log nor record and passes on its own stdio: a lower bound rather than a peer. */
  readonly isRuntime: boolean;
  /** Runs the commands below. */
  readonly runner: Runner;
  /** Name, as in /proc/PID/comm, of the process that accompanies each container; empty for none. */
  readonly helper: string;
  /** Pids of its daemons. */
  readonly daemons: readonly number[];
  /** Null: it knows only folders. */
  readonly images: ImageCommands | null;
  /** The beginning of commands that have Docker's words, such as `cp` and `commit`; null: it has others. */
  readonly dockerLike: string | null;
  // Shell commands.
  /** Creates, runs and removes a container. */
  run(args: readonly string[], options?: RunOptions): string;
  /** Starts a container with this name in the background: an idle one, or one with this program. */
  start(name: string, options?: RunOptions, args?: readonly string[]): string;
  exec(name: string, args: readonly string[]): string;
  list(): string;
  /** Kills and removes started containers. */
  remove(names: readonly string[]): string;
}

/** The program of an idle container. */
export const sleeper = ['/bin/sleep', '100000'] as const;

/** Flags of `run`, in Docker's words. */
export function networkFlags({ network = 'none', publish = [] }: RunOptions): string {
  return [`--network ${network}`, ...publish.map((port) => `-p ${port}`)].join(' ');
}

/** Milliseconds to create, run and remove a container with /bin/true. */
export function runTrue(engine: Engine): Promise<number> {
  return engine.runner.time(engine.run(['/bin/true']));
}

export function isInstalled(program: string): boolean {
  return findProgram(program) !== null;
}

/** Path of a program in the PATH. */
export function findProgram(program: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, program)).find(isExecutable);
  return found ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
