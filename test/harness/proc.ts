import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Facts about processes from /proc. For a process that is gone, all of them are empty. */

export function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

export function readProc(pid: number | 'self', file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

export function linkOf(pid: number | 'self', file: string): string {
  try {
    return readlinkSync(`/proc/${pid}/${file}`);
  } catch {
    return '';
  }
}

/** True for a running process; a zombie has ended. */
export function isAlive(pid: number): boolean {
  const state = /^State:\s+(\S)/m.exec(readProc(pid, 'status'))?.[1];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Targets of the open file descriptors, sorted. */
export function openFiles(pid: number): string[] {
  try {
    const fds = readdirSync(`/proc/${pid}/fd`);
    return fds
      .map((fd) => linkOf(pid, `fd/${fd}`))
      .filter(Boolean)
      .sort();
  } catch {
    return [];
  }
}

export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readProc(pid, 'status'))?.[1] ?? 0) * 1024;
}

export function childrenOf(pid: number): number[] {
  return pids().filter((child) => parentOf(child) === pid);
}

export function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readProc(pid, 'status'))?.[1] ?? 0);
}

/** Shims that hold a folder below `folder` open. */
export function shimsBelow(folder: string): number[] {
  const shims = pids().filter((pid) => readProc(pid, 'comm').trim() === 'liker-shim');
  return shims.filter((pid) => openFiles(pid).some((file) => file.startsWith(`${folder}/`)));
}

/** Children of a likerd that wait for a plan. */
export function sparesOf(daemon: number): number[] {
  return childrenOf(daemon).filter((pid) => readProc(pid, 'comm').trim() === 'liker-spare');
}

/** Makes a file in a container without likerd, as its root: that of the host may make none on idmapped layers. */
export function touchInside(pid: number, path: string): void {
  execFileSync('nsenter', ['-t', String(pid), '-U', '-m', 'touch', path]);
}
