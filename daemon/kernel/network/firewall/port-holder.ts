import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { PortProtocol } from './state.ts';

/** The program that has a port of this network namespace, as 'NAME' (pid PID); empty if the kernel does not tell: then nobody listens. */
export function holderOf(protocol: PortProtocol, port: number): string {
  const inodes = new Set(['', '6'].flatMap((family) => inodesOf(`/proc/net/${protocol}${family}`, port)));
  return inodes.size === 0 ? '' : processWith(inodes);
}

/** proc(5): after the number of the line, the local address and port; the inode is the tenth field. */
function inodesOf(file: string, port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return linesOf(file)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => local?.endsWith(wanted))
    .flatMap((fields) => fields[9] ?? []);
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n');
  } catch {
    return [];
  }
}

function processWith(inodes: ReadonlySet<string>): string {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!hasSocket(pid, inodes)) continue;
    return `'${linesOf(`/proc/${pid}/comm`)[0]}' (pid ${pid})`;
  }
  return '';
}

function hasSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    // It has ended.
    return false;
  }
}
