import { readdirSync, readFileSync } from 'node:fs';

/** The first figure of schedstat is nanoseconds on a CPU. */
function threadCpuMs(pid: number, tid: number | string): number {
  return Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
}

/** CPU time of all threads of a process. */
export function cpuMs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, tid) => sum + threadCpuMs(pid, tid), 0);
}

/** CPU time of the thread that runs the event loop. */
export function mainThreadCpuMs(pid: number): number {
  return threadCpuMs(pid, pid);
}

/** USER_HZ, the same for all programs. */
const tickMs = 10;

/** CPU time of a process's children that it has waited for, and of theirs: fields 16 and 17 of /proc/PID/stat. */
export function childrenCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * tickMs;
}
