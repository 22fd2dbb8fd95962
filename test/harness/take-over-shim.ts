import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, relative } from 'node:path';
import { repository } from './daemon.ts';
import type { Suite } from './suite.ts';
import { within } from './until.ts';

export interface TakeOverOptions {
  /** The main process may write as much as it likes. */
  readonly liftLimits?: boolean;
  /** The newer daemon stays until it hears of the end of a process, which this causes. */
  readonly untilExit?: () => void;
}

/** A newer daemon, of whoever runs the daemon, takes over the shim of a container and leaves: the daemon has lost it. */
export async function takeOverShim(
  s: Suite,
  id: string,
  { liftLimits = false, untilExit }: TakeOverOptions = {},
): Promise<void> {
  const [file = '', ...node] = s.command(relative(repository, process.execPath));
  const program = s.command('test/harness/newer-daemon.ts').at(-1) ?? '';
  const what = liftLimits ? 'unlimited' : untilExit ? 'until-exit' : 'leave';
  const words = [
    ...node,
    '--disable-warning=ExperimentalWarning',
    program,
    join(s.daemon.run, 'c', id),
    what,
  ];
  const newer = spawn(file, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = once(newer, 'exit') as Promise<[number | null]>;
  try {
    const has = Promise.race([once(newer.stdout, 'data'), end]);
    await within(`the shim of ${id} to be taken over`, has);
    untilExit?.();
    assert.deepEqual(await within('the newer daemon to leave', end), [0, null]);
  } finally {
    newer.kill('SIGKILL');
  }
}
