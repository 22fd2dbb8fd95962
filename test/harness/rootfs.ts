import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon } from './daemon.ts';
import { ok } from './likerctl.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const programs = join(import.meta.dirname, '../../dist/fixtures');

/** A root file system of this machine's programs in the daemon's folder, with the helper programs of tests. */
export async function buildRootfs(
  daemon: Daemon,
  {
    name = 'rootfs',
    helpers = [],
    programs: more = [],
  }: { name?: string; helpers?: string[]; programs?: string[] } = {},
): Promise<string> {
  const rootfs = join(daemon.home, name);
  await ok(daemon, ['rootfs', 'build', rootfs, ...more.flatMap((program) => ['--with', program])]);
  for (const helper of helpers) compile(helper, join(rootfs, 'usr/bin', helper));
  return rootfs;
}

/** A static program of test/fixtures. */
export function compile(helper: string, target: string): void {
  copyFileSync(compiled(helper), target);
}

/** Its file in dist/; compiles it unless it is newer than its source. */
export function compiled(helper: string): string {
  const source = join(fixtures, `${helper}.c`);
  const program = join(programs, helper);
  if (changed(source) < changed(program)) return program;
  mkdirSync(programs, { recursive: true });
  const fresh = `${program}.${process.pid}`;
  execFileSync('gcc', ['-static', '-O1', '-Wall', '-Wextra', '-Werror', '-o', fresh, source], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  renameSync(fresh, program);
  return program;
}

function changed(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
