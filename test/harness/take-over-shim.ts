import { execFileSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { repository } from './daemon.ts';
import type { Suite } from './suite.ts';

/**
 * A newer daemon takes over the shim of a container and leaves: the daemon has lost it. `liftLimits`: the main process may write as
 * much as it likes.
 */
export function takeOverShim(s: Suite, id: string, { liftLimits = false } = {}): void {
  const [file = '', ...node] = s.command(relative(repository, process.execPath));
  const program = s.command('test/harness/newer-daemon.ts').at(-1) ?? '';
  const flags = ['--disable-warning=ExperimentalWarning'];
  execFileSync(
    file,
    [...node, ...flags, program, join(s.daemon.run, 'c', id), ...(liftLimits ? ['unlimited'] : [])],
    { stdio: 'pipe' },
  );
}
