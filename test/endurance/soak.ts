// npm run soak [-- --minutes N]: runs the mixed load, checks all answers, and samples the daemon's resources. It fails if one
// grows after the warm-up by more than noise.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Store } from '../../daemon/store/store.ts';
import { Daemon } from '../harness/daemon.ts';
import { openFiles, pids, readProc, residentBytes, shimsBelow } from '../harness/proc.ts';
import { buildRootfs } from '../harness/rootfs.ts';
import { carryOut } from './carry-out.ts';
import { type Load, newLoad } from './load.ts';
import { grows, type Sample, trendOf } from './trend.ts';

const mebibyte = 2 ** 20;
const everyMs = 10_000;
/** Fraction of the time that does not count: code is compiled, heaps and tables reach their size. */
const warmUp = 1 / 3;
/** The number of events that a daemon keeps: from then on each new one replaces an old one. */
const keptEvents = 100_000;

interface Measure {
  readonly unit: string;
  readonly read: (daemon: Daemon, info: Info) => number;
  /** Growth per hour that is tolerated. */
  readonly tolerated: number;
}

interface Info {
  readonly rssBytes: number;
  readonly heapBytes: number;
}

const measures: Readonly<Record<string, Measure>> = {
  'likerd RSS': { unit: 'MiB', read: (_, { rssBytes }) => rssBytes / mebibyte, tolerated: 20 },
  'likerd heap': { unit: 'MiB', read: (_, { heapBytes }) => heapBytes / mebibyte, tolerated: 10 },
  'likerd fds': { unit: '', read: ({ pid }) => openFiles(pid).length, tolerated: 10 },
  'likerd threads': { unit: '', read: ({ pid }) => readdirSync(`/proc/${pid}/task`).length, tolerated: 2 },
  shims: { unit: '', read: ({ home }) => shimsBelow(home).length, tolerated: 5 },
  'greatest shim RSS': { unit: 'MiB', read: greatestShim, tolerated: 1 },
  'fds of the oldest shim': { unit: '', read: oldestShimFiles, tolerated: 2 },
  processes: { unit: '', read: ({ cgroup }) => processesIn(cgroup), tolerated: 5 },
  database: { unit: 'MiB', read: ({ root }) => bytesBelow(root, /^liker\.db/) / mebibyte, tolerated: 5 },
  'logs, layers, trash': {
    unit: 'MiB',
    read: ({ root }) => bytesBelow(root, /^(containers|trash|spare)$/) / mebibyte,
    tolerated: 5,
  },
  'files of running state': { unit: '', read: ({ run }) => filesBelow(run).length, tolerated: 20 },
};

function shims(home: string): number[] {
  return shimsBelow(home).sort((a, b) => a - b);
}

function greatestShim({ home }: Daemon): number {
  return Math.max(0, ...shims(home).map(residentBytes)) / mebibyte;
}

function oldestShimFiles({ home }: Daemon): number {
  const [oldest] = shims(home);
  return oldest === undefined ? 0 : openFiles(oldest).length;
}

function processesIn(cgroup: string): number {
  return pids().filter((pid) => readProc(pid, 'cgroup').includes(`/${cgroup}/`)).length;
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  } catch {
    // The container disappeared while it was read.
    return [];
  }
}

function bytesBelow(folder: string, wanted: RegExp): number {
  const tops = readdirSync(folder).filter((name) => wanted.test(name));
  const files = tops.flatMap((name) => [join(folder, name), ...filesBelow(join(folder, name))]);
  return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** A database as after a long time of work. */
function fillEvents(root: string): void {
  using store = new Store(join(root, 'liker.db'));
  const attributes = JSON.stringify({ name: 'of-old', exitCode: '0', execDuration: '12' });
  const event = {
    time: Date.now(),
    subjectType: 'container',
    subjectId: 'c'.repeat(64),
    subjectName: 'of-old',
    action: 'die',
    attributes,
  };
  store.database.transaction(() => {
    for (let count = 0; count < keptEvents; count++) store.events.add(event);
  });
}

async function sample(daemon: Daemon, load: Load): Promise<Map<string, number>> {
  const info = await load.api.call<Info>((done) => load.api.system.GetInfo({}, done));
  return new Map(Object.entries(measures).map(([name, { read }]) => [name, read(daemon, info)]));
}

function report(history: ReadonlyMap<string, Sample[]>, from: number): string[] {
  const failures: string[] = [];
  for (const [name, { unit, tolerated }] of Object.entries(measures)) {
    const all = history.get(name) ?? [];
    const counted = all.filter(({ hours }) => hours >= from);
    const trend = trendOf(counted);
    const failed = grows(trend, tolerated);
    const number = (value: number) => value.toFixed(unit === '' ? 1 : 2);
    const level = `${number(counted[0]?.value ?? 0)} to ${number(counted.at(-1)?.value ?? 0)} ${unit}`;
    const slope = `${number(trend.perHour)} ± ${number(3 * trend.perHourError)} an hour (at most ${tolerated})`;
    console.log(`${failed ? 'GROWS' : 'ok   '} ${name.padEnd(24)} ${level.padEnd(22)} ${slope}`);
    if (failed) failures.push(name);
  }
  return failures;
}

async function soak(minutes: number): Promise<void> {
  const daemon = new Daemon({});
  try {
    fillEvents(daemon.root);
    await daemon.start();
    const rootfs = await buildRootfs(daemon);
    const load = newLoad({ daemon, rootfs, keep: false });
    const work = carryOut(load);
    work.catch(() => {});
    const history = new Map(Object.keys(measures).map((name) => [name, [] as Sample[]]));
    const begin = performance.now();
    const hours = () => (performance.now() - begin) / 3_600_000;
    const end = minutes / 60;
    while (hours() < end && !load.over) {
      await sleep(Math.min(everyMs, minutes * 3000));
      const now = await sample(daemon, load);
      for (const [name, value] of now) history.get(name)?.push({ hours: hours(), value });
      const shown = [...now].map(([name, value]) => `${name} ${Number(value.toFixed(1))}`).join(', ');
      const done = [...load.done.values()].reduce((sum, count) => sum + count, 0);
      console.log(`${(hours() * 60).toFixed(1)} min: ${done} checked; ${shown}`);
    }
    load.over = true;
    await work;
    const counts = [...load.done].map(([name, count]) => `${name} ${count}`).join(', ');
    console.log(`\nEvery exit code and every byte was right: ${counts}\n`);
    const failures = report(history, end * warmUp);
    load.api[Symbol.dispose]();
    const left = Object.entries(await daemon.empty());
    for (const [kind, things] of left) console.log(`LEFT  ${kind}: ${things.join(', ')}`);
    if (failures.length > 0 || left.length > 0)
      throw new Error(`not clean: ${[...failures, ...left.map(([kind]) => kind)].join(', ')}`);
    console.log('Nothing grows, nothing is left');
  } finally {
    await daemon.destroy();
  }
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
const minutes = Number(values.minutes);
try {
  if (!(minutes > 0)) throw new Error(`--minutes '${values.minutes}' is not a number of minutes`);
  await soak(minutes);
} catch (error) {
  console.error(`soak: ${(error as Error).message}`);
  process.exitCode = 1;
}
