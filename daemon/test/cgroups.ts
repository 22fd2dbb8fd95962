import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LikerError } from '../../common/errors.ts';
import type { ContainerGroup } from '../kernel/cgroup/container-cgroup.ts';
import type { ExecGroup } from '../kernel/cgroup/exec-cgroup.ts';
import { readOptional } from '../kernel/cgroup/files.ts';
import { type LimitsPatch, limitsOf, type Resources } from '../kernel/cgroup/resources.ts';

const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts a shell that waits for a line, moves it into the cgroup, lets it go on. */
export async function startIn(cgroup: ContainerGroup | ExecGroup, script: string): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', `read -r go; ${script}`], { stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  await once(child, 'spawn');
  for (const file of cgroup.joinFiles) writeFileSync(file, String(child.pid));
  if (cgroup.unified !== '') writeFileSync(`${cgroup.unified}/cgroup.procs`, String(child.pid));
  child.stdin?.write('go\n');
  return child;
}

export async function ended(child: ChildProcess): Promise<NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode;
}

/** Longer where the machine is slow (test/vm). */
const hangMs = Number(process.env['LIKER_HANG_MS'] ?? 10_000);

export async function eventually(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
  const begin = performance.now();
  while (!(await done())) {
    assert.ok(performance.now() - begin < hangMs, `not within ${hangMs} ms: ${what}`);
    await sleep(5);
  }
}

export const limits: (patch: LimitsPatch) => Resources = limitsOf;

/** A file of the cgroup, in whichever hierarchy it is; null where none has it. */
export function readIn(cgroup: ContainerGroup, file: string): string | null {
  const texts = Object.values(cgroup.paths).map((folder) => readOptional(`${folder}/${file}`));
  return texts.find((text) => text !== null) ?? null;
}

export function isError(reason: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof LikerError && error.reason === reason && pattern.test(error.message);
}
