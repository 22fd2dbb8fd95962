import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** One process as /proc shows it on the host (proc(5)). */
export interface ProcessFacts {
  readonly pid: number;
  readonly parentPid: number;
  /** Effective uid. */
  readonly uid: number;
  /** Controlling terminal as a device number, 0 for none. */
  readonly ttyDevice: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** User and system time. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** Letter as in ps(1). */
  readonly state: string;
  readonly args: readonly string[];
  readonly name: string;
  /** Pid in its innermost pid namespace. */
  readonly containerPid: number;
}

/** USER_HZ: 100 on every architecture that Liker runs on. */
const msPerTick = 10;

/** Enough for the part that is needed of each file, whatever a process does. */
const buffer = Buffer.allocUnsafe(1024);

function read(path: string): string | null {
  try {
    const fd = openSync(path, 'r');
    try {
      return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    // It has ended, or is ending.
    return null;
  }
}

/**
 * The fields of /proc/PID/stat from the third on, which start after the last ")": the second, the name, may contain blanks
 * and parentheses.
 */
function statFields(text: string): string[] {
  return text
    .slice(text.lastIndexOf(')') + 2)
    .trimEnd()
    .split(' ');
}

/** Field `number` as proc(5) counts them. */
function statField(fields: readonly string[], number: number): string {
  return fields[number - 3] ?? '0';
}

function statusField(status: string, name: string): string[] {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
}

/** Milliseconds since boot, in steps of 10, by a clock that cannot be set. */
export function uptimeMs(): number {
  return Number(read('/proc/uptime')?.split(' ')[0] ?? 0) * 1000;
}

/** The age of a process with this start time (field 22 of /proc/PID/stat), independent of the time of day. */
export function ageMs(startTimeTicks: string): number {
  return Math.max(0, uptimeMs() - Number(startTimeTicks) * msPerTick);
}

function split(cmdline: string): string[] {
  return cmdline
    .replace(/\0$/, '')
    .split('\0')
    .filter((arg, index) => arg !== '' || index > 0);
}

/**
 * Parses files of /proc/PID. `status` needs only the lines Uid, NSpid and VmRSS; `cmdline` may be cut anywhere. `bootedAtMs`: the
 * time of boot by the present clock.
 */
export function processFacts(
  files: { readonly pid: number; readonly stat: string; readonly status: string; readonly cmdline: string },
  bootedAtMs: number,
): ProcessFacts {
  const { pid, stat, status, cmdline } = files;
  const fields = statFields(stat);
  const startTimeTicks = statField(fields, 22);
  return {
    pid,
    parentPid: Number(statField(fields, 4)),
    uid: Number(statusField(status, 'Uid')[1] ?? 0),
    ttyDevice: Number(statField(fields, 7)) >>> 0,
    startedAt: Math.round(bootedAtMs + Number(startTimeTicks) * msPerTick),
    cpuMs: (Number(statField(fields, 14)) + Number(statField(fields, 15))) * msPerTick,
    rssBytes: Number(statusField(status, 'VmRSS')[0] ?? 0) * 1024,
    state: statField(fields, 3),
    args: split(cmdline),
    name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
    containerPid: Number(statusField(status, 'NSpid').at(-1) ?? pid),
  };
}

/** The oldest living child of a process; 0 if there is none, null if this kernel does not report it. */
export function firstChild(pid: number): number | null {
  const children = read(`/proc/${pid}/task/${pid}/children`);
  return children === null ? null : Number(children.split(' ', 1)[0]);
}

/** Field 22 of /proc/PID/stat, which tells a process from a later one with its pid; null if there is none. */
export function startTimeOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? null : statField(statFields(stat), 22);
}

/** Flags in /proc/PID/stat (include/linux/sched.h): PF_EXITING, PF_SIGNALED. */
const exiting = 0x4 | 0x400;
const sigkillBit = 1 << 8;
const sigkill = 9;

/** True if a SIGKILL is pending for the process or is ending it, or if it has ended. */
export function isKilled(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null || statTellsOfKill(stat);
}

export function statTellsOfKill(stat: string): boolean {
  const fields = statFields(stat);
  if ('ZX'.includes(statField(fields, 3)) || (Number(statField(fields, 9)) & exiting) !== 0) return true;
  // Field 31: the pending signals of its first thread. A SIGKILL goes to every thread.
  if ((Number(statField(fields, 31)) & sigkillBit) !== 0) return true;
  // Field 52, which newer kernels set as the signal is sent: a process that has just taken it has neither it pending nor a flag.
  return (Number(statField(fields, 52)) & 0x7f) === sigkill;
}

/** Changes with every boot of the machine. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}
