import { type Engine, runTrue } from '../engines/engine.ts';
import { Lab } from '../lab.ts';
import { type Contestant, interleave } from '../measure.ts';
import { medianOf, rowsOf, share } from '../report.ts';
import type { Case } from './case.ts';

/** A start beside many running containers, and beside none: its cost must not grow with their number. */
export const besideCase: Case = async ({ lab: { checkout }, peers, quick }) => {
  const count = 200;
  await using alone = await Lab.open({ checkout });
  await using crowded = await Lab.open({ checkout });
  const sleeper = { rootfs: { directory: crowded.rootfs }, process: { args: ['/bin/sleep', '100000'] } };
  for (let i = 0; i < count; i++) await crowded.client.started(sleeper);
  const contestant = (name: string, lab: Lab): Contestant => ({
    name,
    run: async () => {
      const spec = { rootfs: { directory: lab.rootfs }, process: { args: ['/bin/true'] } };
      return { ms: (await lab.client.run(spec)).endMs };
    },
  });
  const none = 'liker beside none';
  const many = `liker beside ${count}`;
  const crun = peers.find(({ name }) => name === 'crun');
  const contestants = [contestant(none, alone), contestant(many, crowded)];
  if (crun) contestants.push(runOf(crun));
  const samples = await interleave(contestants, {
    rounds: quick ? 60 : 500,
    warmUp: quick ? 40 : 150,
  });
  const rows = rowsOf(samples, none);
  const work = `the same beside ${count} containers that run`;
  return {
    name: 'beside',
    title: 'create + start + wait + remove of /bin/true beside containers that run',
    unit: 'ms',
    rows,
    notes: [`crun's are Liker's ${count}, too: all are on one machine`],
    aims: [
      {
        work,
        row: many,
        limit: share(medianOf(rows, none), 1.1),
        bound: 'a tenth more than beside none',
        peers: [],
      },
      { work, row: many, limit: share(medianOf(rows, crunRow), 0.5), bound: "half of crun's `run`" },
    ],
  };
};

const crunRow = 'crun run';

/** It takes part in every fourth round: the comparison of Liker with itself needs more samples. */
function runOf(crun: Engine): Contestant {
  return { name: crunRow, every: 4, run: async () => ({ ms: await runTrue(crun) }) };
}
