import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './daemon.ts';

/** The last version before the reorganisation of the daemon: it wrote records and shims in the older format. */
export const olderVersion = 'b5c96ba';

/** Why that version cannot be built here; empty if it can. */
export function whyNoOlderVersion(): string {
  try {
    execFileSync('git', ['cat-file', '-e', `${olderVersion}^{commit}`], { cwd: repository, stdio: 'ignore' });
    return '';
  } catch {
    return `the history of this checkout has no commit ${olderVersion}`;
  }
}

/** A built checkout of the older version, which is kept in dist/ for the next time. */
export function buildOlderVersion(): string {
  const folder = join(repository, 'dist/older', olderVersion);
  const isBuilt = join(folder, 'built');
  if (existsSync(isBuilt)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync('sh', ['-c', `git archive ${olderVersion} | tar -x -C '${folder}'`], { cwd: repository });
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const env = { ...process.env, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  execFileSync('sh', ['scripts/build'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
  mkdirSync(isBuilt);
  return folder;
}
