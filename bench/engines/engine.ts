import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A peer: another program that runs containers from the same root file system. */
export interface Engine extends AsyncDisposable {
  readonly name: string;
  /** Takes part in every so many rounds: a slow one would take most of the time. */
  readonly every: number;
  /** Milliseconds of one container that runs /bin/true, from nothing to nothing. */
  runTrue(): Promise<number>;
  /** Milliseconds of /bin/true in a container that runs already. */
  execTrue(): Promise<number>;
}

export function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
