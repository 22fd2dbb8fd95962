import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon } from './daemon.ts';
import { isAlive, pids, readProc, shimsBelow } from './proc.ts';
import { until } from './until.ts';

/**
 * The state after a reboot of the machine, as far as likerd sees it: no process, no run folder, another boot id. Starts the next likerd.
 * `forget`: takes away what else the kernel has forgotten.
 */
export async function reboot(daemon: Daemon, forget: () => Promise<unknown> = async () => {}): Promise<void> {
  await daemon.kill9();
  const shims = shimsBelow(daemon.home);
  const members = pids().filter((pid) => readProc(pid, 'cgroup').includes(`/${daemon.cgroup}/`));
  const all = [...shims, ...members];
  for (const pid of all) process.kill(pid, 'SIGKILL');
  await until('the end of all', () => all.every((pid) => !isAlive(pid)));
  for (const name of readdirSync(daemon.run)) rmSync(join(daemon.run, name), { recursive: true });
  writeFileSync(join(daemon.root, 'boot-id'), '00000000-0000-0000-0000-000000000000');
  await forget();
  await daemon.start();
}
