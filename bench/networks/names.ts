import { readFileSync } from 'node:fs';
import { cpuMs } from '../cpu.ts';
import { interleave } from '../measure.ts';
import { pidsNamed } from '../memory.ts';
import { type Result, rowsOf } from '../report.ts';
import { own, type Place } from './place.ts';
import { outputOf } from './traffic.ts';

const aSecond = 1000;
const seconds = 3;
const container = 'bench-asks';

/** The CPU time that names of containers cost. */
export async function names(place: Place, quick: boolean): Promise<Result> {
  const [engine] = place.engines;
  if (engine === undefined) throw new Error('There is no likerctl');
  await engine.runner.time(engine.start(container, { network: 'bridge' }));
  const pid = resolverOf(place);
  const ask = engine.exec(container, [
    '/bin/net-load',
    'look-up',
    container,
    String(aSecond),
    String(seconds),
  ]);
  const samples = await interleave(
    [
      {
        name: own,
        async run() {
          const before = cpuMs(pid);
          const answered = Number(await outputOf(place, engine.runner, ask));
          if (answered !== aSecond * seconds) throw new Error(`Only ${answered} look-ups were answered`);
          return { ms: (cpuMs(pid) - before) / (seconds * 10) };
        },
      },
    ],
    { rounds: quick ? 2 : 5, warmUp: 1 },
  );
  await engine.runner.time(engine.remove([container]));
  return {
    name: 'look-ups',
    title: `CPU time of liker-resolver for ${aSecond} look-ups a second of a container's name`,
    unit: '% of a core',
    rows: rowsOf(samples),
    notes: [],
    aims: [{ work: `${aSecond} look-ups of names a second`, row: own, limit: 10, bound: '10 % of a core' }],
  };
}

function resolverOf({ lab: { home } }: Place): number {
  const found = pidsNamed('liker-resolver').find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`\0${home}/run\0`),
  );
  if (found === undefined) throw new Error('liker-resolver does not run');
  return found;
}
