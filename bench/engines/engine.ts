import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Runner } from './runner.ts';

export interface RunOptions {
  /** Stdin of the command goes to the program. */
  readonly stdin?: boolean;
  readonly tty?: boolean;
  /** Keeps no copy of the output, where the engine has such an option. */
  readonly withoutLog?: boolean;
}

/** A peer: another program that runs containers from the same root file system. */
export interface Engine extends AsyncDisposable {
  readonly name: string;
  /** Takes part in every so many rounds: a slow one would take most of the time. */
  readonly every: number;
  /** Has neither log nor record and passes its own stdio on: a floor more than a peer. */
  readonly isRuntime: boolean;
  /** Runs the commands below. */
  readonly runner: Runner;
  /** Name, as in /proc/PID/comm, of the process that stays beside each container; empty for none. */
  readonly helper: string;
  /** Pids of its daemons. */
  readonly daemons: readonly number[];
  // Commands as text for a shell.
  /** A container from nothing to nothing. */
  run(args: readonly string[], options?: RunOptions): string;
  /** A container with this name that stays, in the background, and does nothing. */
  start(name: string): string;
  exec(name: string, args: readonly string[]): string;
  list(): string;
  /** Kills and removes containers that were started. */
  remove(names: readonly string[]): string;
}

/** What stays. */
export const sleeper = ['/bin/sleep', '100000'] as const;

/** Milliseconds of a container that runs /bin/true, from nothing to nothing. */
export function runTrue(engine: Engine): Promise<number> {
  return engine.runner.time(engine.run(['/bin/true']));
}

export function isInstalled(program: string): boolean {
  return findProgram(program) !== null;
}

/** Path of a program of the PATH. */
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
