import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Bytes of a field of a file such as /proc/meminfo. */
function field(path: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(path, 'utf8'));
  return Number(found?.[1] ?? 0) * 1024;
}

export function availableBytes(): number {
  return field('/proc/meminfo', 'MemAvailable');
}

export function residentBytes(pid: number): number {
  return field(`/proc/${pid}/status`, 'VmRSS');
}

/** The greatest resident memory since `resetPeak`, or the start of the process. */
export function peakBytes(pid: number): number {
  return field(`/proc/${pid}/status`, 'VmHWM');
}

export function resetPeak(pid: number): void {
  // https://docs.kernel.org/filesystems/proc.html: 5 resets the peak.
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Proportional set size: shared pages are divided by the number of processes that share them. */
export function proportionalBytes(pid: number): number {
  return field(`/proc/${pid}/smaps_rollup`, 'Pss');
}

/** Pids of the processes with this name; names are cut to 15 characters. */
export function pidsNamed(name: string): number[] {
  if (name === '') return [];
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      return readFileSync(`/proc/${entry}/comm`, 'utf8').trim() === name.slice(0, 15) ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
}
