import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled } from './engines/engine.ts';
import { Lab } from './lab.ts';

const rounds = 300;
const tracedRounds = 20;
const shown = 30;

interface CpuProfile {
  readonly nodes: readonly {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Profiles /bin/true: likerd's functions by CPU time, then the system calls of one start. */
export async function printProfile(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'liker-profile-'));
  try {
    await profileFunctions(folder);
    if (isInstalled('strace')) await traceSystemCalls(join(folder, 'trace'));
    else console.log('Without system calls: strace is not installed');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runTrue(lab: Lab, count: number): Promise<void> {
  const spec = { rootfs: { directory: lab.rootfs }, process: { args: ['/bin/true'] } };
  for (let i = 0; i < count; i++) await lab.client.run(spec);
}

async function profileFunctions(folder: string): Promise<void> {
  const file = join(folder, 'likerd.cpuprofile');
  process.env['LIKER_PROFILE'] = file;
  {
    await using lab = await Lab.open({ nodeArgs: ['--import', join(import.meta.dirname, 'profiler.ts')] });
    // Until its functions are compiled.
    await runTrue(lab, rounds);
    process.kill(lab.pid, 'SIGUSR2');
    await runTrue(lab, rounds);
    process.kill(lab.pid, 'SIGUSR2');
    await runTrue(lab, 1);
  }
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  console.log(`\nlikerd by function, by the lines of its bundle (µs a container)`);
  for (const [name, micros] of selfTimes(profile).slice(0, shown)) {
    console.log(`  ${(micros / rounds).toFixed(0).padStart(7)}  ${name}`);
  }
}

function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): [string, number][] {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'} ${url.replace(/^file:.*\//, '')}:${lineNumber + 1}`,
    ]),
  );
  const times = new Map<string, number>();
  samples.forEach((sample, i) => {
    const name = names.get(sample) ?? '';
    if (!name.startsWith('(idle)')) times.set(name, (times.get(name) ?? 0) + (timeDeltas[i] ?? 0));
  });
  return [...times].sort(([, a], [, b]) => b - a);
}

async function traceSystemCalls(trace: string): Promise<void> {
  await using lab = await Lab.open();
  await runTrue(lab, rounds);
  const tracer = spawn(
    'strace',
    ['-f', '-qq', '-T', '-e', 'signal=none', '-o', trace, '-p', String(lab.pid)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  // strace does not report that it is attached; its file shows the first traced call.
  while (!hasBegun(trace)) await runTrue(lab, 1);
  await runTrue(lab, tracedRounds);
  const ended = once(tracer, 'exit');
  tracer.kill('SIGINT');
  await ended;
  console.log(
    '\nSystem calls of likerd, shim and container while traced, slowest kinds (µs each, calls in all)',
  );
  const rows = systemCalls(readFileSync(trace, 'utf8')).slice(0, shown);
  for (const { name, calls, seconds } of rows) {
    console.log(
      `  ${((seconds * 1e6) / calls).toFixed(0).padStart(7)} ${String(calls).padStart(7)}  ${name}`,
    );
  }
}

function hasBegun(trace: string): boolean {
  try {
    return readFileSync(trace).length > 0;
  } catch {
    return false;
  }
}

/** Calls that only wait are left out. */
const waits = /^(epoll_p?wait|futex|rt_sigtimedwait|wait4|waitid|poll|ppoll|clock_nanosleep)$/;

function systemCalls(text: string): { name: string; calls: number; seconds: number }[] {
  const kinds = new Map<string, { calls: number; seconds: number }>();
  for (const [, resumed, direct, seconds] of text.matchAll(
    /^\d+ +(?:<\.\.\. (\w+) resumed>|(\w+)\().*<(\d+\.\d+)>$/gm,
  )) {
    const name = resumed ?? direct ?? '';
    if (waits.test(name)) continue;
    const kind = kinds.get(name) ?? { calls: 0, seconds: 0 };
    kinds.set(name, { calls: kind.calls + 1, seconds: kind.seconds + Number(seconds) });
  }
  return [...kinds].map(([name, kind]) => ({ name, ...kind })).sort((a, b) => b.seconds - a.seconds);
}
