import { Lab } from '../lab.ts';
import { interleave } from '../measure.ts';
import { medianOf, rowsOf, share } from '../report.ts';
import type { Case } from './case.ts';

/** A start beside many running containers, and beside none: its cost must not grow with their number. */
export const besideCase: Case = async ({ lab: { checkout }, quick }) => {
  const count = 200;
  await using alone = await Lab.open({ checkout });
  await using crowded = await Lab.open({ checkout });
  const sleeper = { rootfs: { directory: crowded.rootfs }, process: { args: ['/bin/sleep', '100000'] } };
  for (let i = 0; i < count; i++) await crowded.client.started(sleeper);
  const contestant = (name: string, lab: Lab) => ({
    name,
    run: async () => {
      const spec = { rootfs: { directory: lab.rootfs }, process: { args: ['/bin/true'] } };
      return { ms: (await lab.client.run(spec)).endMs };
    },
  });
  const none = 'liker beside none';
  const many = `liker beside ${count}`;
  const samples = await interleave([contestant(none, alone), contestant(many, crowded)], {
    rounds: quick ? 60 : 500,
    warmUp: quick ? 40 : 150,
  });
  const rows = rowsOf(samples, none);
  return {
    name: 'beside',
    title: 'create + start + wait + remove of /bin/true beside containers that run',
    unit: 'ms',
    rows,
    notes: [],
    aims: [
      {
        work: `the same beside ${count} containers that run`,
        row: many,
        limit: share(medianOf(rows, none), 1.1),
        bound: 'a tenth more than beside none',
      },
    ],
  };
};
