import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Slices } from '../../../loop/turns.ts';

/** What /proc/PID/stat says of a process that has not ended (proc(5)). */
export interface ProcessRow {
  readonly pid: number;
  readonly parentPid: number;
  /** Pid of the leader of its session. */
  readonly session: number;
  /** Field 22, in clock ticks since boot, as text. */
  readonly startTime: string;
}

/** The row in the text of /proc/PID/stat; null for a process that has ended and waits to be reaped. */
function parseRow(pid: number, stat: string): ProcessRow | null {
  // The second field, the name, may contain blanks and parentheses. These begin with the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if ('ZX'.includes(fields[0] ?? 'X')) return null;
  return {
    pid,
    parentPid: Number(fields[1]),
    session: Number(fields[3]),
    startTime: fields[19] ?? '',
  };
}

/** Null if it has ended. */
export function processRow(pid: number): ProcessRow | null {
  try {
    return parseRow(pid, readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}

/** All processes that have not ended, read a slice at a time. */
export async function processTable(): Promise<ProcessRow[]> {
  const rows: ProcessRow[] = [];
  const slices = new Slices();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    if (slices.over) await slices.next();
    const row = processRow(Number(name));
    if (row) rows.push(row);
  }
  return rows;
}

/** The mount namespace of a process, as mnt:[INODE]; empty if it has ended or is not ours to look at. */
export function mountNamespace(pid: number | 'self'): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return '';
  }
}

/** The mount namespace that a process holds open, as the shim does with its container's; empty: none. */
export function heldMountNamespace(pid: number): string {
  try {
    const files = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    return files.find((file) => file.startsWith('mnt:')) ?? '';
  } catch {
    return '';
  }
}

/** Whether it is the first process of a pid namespace below ours: the kernel ends all others with it (pid_namespaces(7)). */
export function isFirstOfNamespace(pid: number): boolean {
  try {
    const pids =
      /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]?.split(/\s+/) ?? [];
    return pids.length > 1 && pids.at(-1) === '1';
  } catch {
    return false;
  }
}

/** Those of `rows` that `isRoot` accepts, and all that descend from them. */
export function withDescendants(
  rows: readonly ProcessRow[],
  isRoot: (row: ProcessRow) => boolean,
): ProcessRow[] {
  const children = Map.groupBy(rows, ({ parentPid }) => parentPid);
  const found = new Set<ProcessRow>();
  const add = (row: ProcessRow): void => {
    if (found.has(row)) return;
    found.add(row);
    for (const child of children.get(row.pid) ?? []) add(child);
  };
  for (const row of rows) if (isRoot(row)) add(row);
  return [...found];
}
