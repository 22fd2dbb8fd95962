import { setTimeout as sleep } from 'node:timers/promises';
import { goOn } from '../interrupt.ts';
import { Lab } from '../lab.ts';
import { residentBytes } from '../memory.ts';
import { type Result, rowOf } from '../report.ts';
import type { Bench, Case } from './case.ts';

const mebibyte = 2 ** 20;
const atOnce = 4;
/** An idle daemon may still free memory for this long. */
const restMs = 3000;
const idle = 'liker';
/** MiB: V8's heap grows and shrinks. */
const mayGrow = 20;

/** Resident memory of the daemons: when idle, and whether it grows with the number of past containers. */
export const daemonCase: Case = async (bench): Promise<readonly Result[]> => {
  await using lab = await Lab.open({ checkout: bench.lab.checkout });
  await sleep(restMs);
  const own = rowOf(idle, [lab.residentBytes / mebibyte]);
  const others = bench.peers
    .filter(({ daemons }) => daemons.length > 0)
    .map(({ name, daemons }) =>
      rowOf(name, [daemons.reduce((sum, pid) => sum + residentBytes(pid), 0) / mebibyte]),
    );
  return [
    {
      name: 'idle',
      title: 'resident memory of idle daemons',
      unit: 'MiB',
      rows: [own, ...others],
      notes: ["docker's is dockerd and containerd"],
      aims: [{ work: 'resident memory of the idle daemon', row: idle, limit: 60, bound: '60 MiB' }],
    },
    await growth(bench, lab),
  ];
};

async function growth({ quick }: Bench, lab: Lab): Promise<Result> {
  // By then it has all the memory that the work needs.
  const grown = 100;
  const count = quick ? 400 : 10_000;
  const first = `liker after ${grown}`;
  const last = `liker after ${count}`;
  const afterFirst = await afterRuns(lab, grown);
  const afterAll = await afterRuns(lab, count - grown);
  return {
    name: 'growth',
    title: 'resident memory of the daemon after containers that came and went',
    unit: 'MiB',
    rows: [rowOf(first, [afterFirst]), rowOf(last, [afterAll])],
    notes: [],
    aims: [
      {
        work: `growth from ${grown} to ${count} containers`,
        row: last,
        limit: afterFirst + mayGrow,
        bound: `${mayGrow} MiB more than after ${grown}`,
      },
    ],
  };
}

/** MiB after `count` more containers. */
async function afterRuns(lab: Lab, count: number): Promise<number> {
  const spec = { rootfs: { directory: lab.rootfs }, process: { args: ['/bin/true'] } };
  let started = 0;
  const work = async (): Promise<void> => {
    while (started++ < count) {
      goOn();
      await lab.client.run(spec);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  await sleep(restMs);
  return lab.residentBytes / mebibyte;
}
