import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Places } from './places.ts';

const own = realpathSync(join(import.meta.dirname, '..'));
const packageHome = '/usr/lib/liker';
const endMs = 20_000;
/** The flags of a socket in /proc/net/unix: __SO_ACCEPTCON. */
const acceptsConnections = '00010000';

/** A likerd of another checkout or build that serves this checkout's socket. */
export interface Stranger {
  /** Describes it for the user. */
  readonly text: string;
  readonly pid: number;
  /** Why a daemon of this checkout cannot replace it; null if it can. */
  readonly obstacle: string | null;
}

interface Info {
  readonly DaemonPid: number;
  readonly ServerVersion: string;
  readonly RootDir: string;
  readonly RunDir: string;
}

/** Null if it belongs to this checkout and its last build. */
export function strangerAt(places: Places): Stranger | null {
  const noted = Number(readIf(join(places.root, 'likerd.pid')));
  if (noted > 0 && holds(noted, places.socket) && homeOf(noted) === own && !isOutdated(noted)) return null;
  const { DaemonPid: pid, ServerVersion, RootDir, RunDir } = ask(places.socket);
  const home = homeOf(pid);
  const whose =
    home === own
      ? 'was started before this checkout was built last'
      : `is ${home === null ? 'of no checkout that it tells of' : `that of ${home}, not of ${own}`}`;
  const text = `the likerd at unix://${places.socket} (pid ${pid}, version ${ServerVersion}, root ${RootDir}) ${whose}`;
  return {
    text,
    pid,
    obstacle: obstacleTo(places, { pid, version: ServerVersion, root: RootDir, run: RunDir }),
  };
}

function obstacleTo(
  places: Places,
  there: { readonly pid: number; readonly version: string; readonly root: string; readonly run: string },
): string | null {
  const { version } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as { version: string };
  if (readIf(`/proc/${there.pid}/cgroup`).includes('/likerd.service'))
    return "systemd runs it: end it with 'systemctl stop likerd.socket likerd.service'";
  if (there.root !== realOf(places.root) || there.run !== realOf(places.run))
    return `it has other folders: set LIKER_ROOT=${there.root} and LIKER_RUN=${there.run}, or another LIKER_HOST`;
  if (isNewer(there.version, version)) return `it is newer than this one, version ${version}`;
  return null;
}

/** Sends SIGTERM and waits for its end; containers keep running. */
export async function endDaemon(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  for (const until = Date.now() + endMs; Date.now() < until; await sleep(20)) if (hasEnded(pid)) return;
  throw new Error(`the likerd with pid ${pid} does not end`);
}

function hasEnded(pid: number): boolean {
  const status = readIf(`/proc/${pid}/status`);
  return status === '' || /^State:\s*Z/m.test(status);
}

function ask(socket: string): Info {
  const args = ['--host', `unix://${socket}`, 'info', '--format', 'json'];
  return JSON.parse(execFileSync(join(own, 'bin/likerctl'), args, { encoding: 'utf8' })) as Info;
}

/** The checkout or package of a likerd, from the path that its launcher passed to Node.js. Null if unknown. */
function homeOf(pid: number): string | null {
  const cache = /(?:^|\0)NODE_COMPILE_CACHE=([^\0]*)/.exec(readIf(`/proc/${pid}/environ`))?.[1] ?? '';
  if (cache === '/var/cache/liker') return packageHome;
  return /^(.*)\/dist\/compile-cache$/.exec(cache)?.[1] ?? null;
}

function isOutdated(pid: number): boolean {
  const built = statSync(join(own, 'dist/likerd.mjs'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const stat = readIf(`/proc/${pid}/stat`);
  // Field 22 of proc(5), in hundredths of a second since boot; the second field may contain any characters.
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  const ageMs = 1000 * Number(readIf('/proc/uptime').split(' ')[0]) - 10 * ticks;
  return built > Date.now() - ageMs;
}

/** Whether the process owns the socket that listens at this path. */
function holds(pid: number, socket: string): boolean {
  const line = readIf('/proc/net/unix')
    .split('\n')
    .find((entry) => entry.endsWith(` ${socket}`) && entry.split(' ')[3] === acceptsConnections);
  const inode = line?.trim().split(/\s+/)[6];
  if (inode === undefined) return false;
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}

function isNewer(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  for (const [index, part] of (a ?? []).entries()) {
    const other = b?.[index] ?? 0;
    if (part !== other) return part > other;
  }
  return false;
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function readIf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
