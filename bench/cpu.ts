import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of all threads of a process; the first figure of schedstat is nanoseconds on a CPU. */
export function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((tid) =>
    Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]),
  );
  return threads.reduce((sum, ns) => sum + ns, 0) / 1e6;
}
