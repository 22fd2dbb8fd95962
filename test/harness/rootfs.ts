import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Daemon } from './daemon.ts';
import { ok } from './likerctl.ts';

const fixtures = join(import.meta.dirname, '../fixtures');

/** A root file system of this machine's programs in the daemon's folder, with helpers that tests ask questions. */
export async function buildRootfs(
  daemon: Daemon,
  {
    name = 'rootfs',
    helpers = [],
    programs = [],
  }: { name?: string; helpers?: string[]; programs?: string[] } = {},
): Promise<string> {
  const rootfs = join(daemon.home, name);
  await ok(daemon, ['rootfs', 'build', rootfs, ...programs.flatMap((program) => ['--with', program])]);
  for (const helper of helpers) compile(helper, join(rootfs, 'usr/bin', helper));
  return rootfs;
}

/** A static program of test/fixtures. */
export function compile(helper: string, target: string): void {
  const source = join(fixtures, `${helper}.c`);
  execFileSync('gcc', ['-static', '-O1', '-Wall', '-Wextra', '-Werror', '-o', target, source], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
