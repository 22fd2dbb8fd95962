import { goOn } from '../interrupt.ts';
import type { Lab } from '../lab.ts';
import { medianOf, rowOf, share } from '../report.ts';
import type { Case } from './case.ts';

const atOnce = 100;
const word = 'here';

/** Many runs at the same instant, on one connection: when the first output of each arrives, and whether all do. */
export const burstCase: Case = async ({ lab, quick }) => {
  for (let i = 0; i < (quick ? 50 : 300); i++) await firstOutputMs(lab);
  const single: number[] = [];
  for (let i = 0; i < (quick ? 20 : 100); i++) single.push(await firstOutputMs(lab));
  const burst: number[] = [];
  for (let round = 0; round < (quick ? 1 : 5); round++)
    burst.push(...(await Promise.all(Array.from({ length: atOnce }, () => firstOutputMs(lab)))));
  const one = 'liker, one Run';
  const many = `liker, ${atOnce} at once`;
  const rows = [rowOf(one, single), rowOf(many, burst)];
  return {
    name: 'burst',
    title: 'from the request to the first output',
    unit: 'ms',
    rows,
    notes: [`Of ${burst.length} runs in bursts every one gave its output and its exit code`],
    aims: [
      {
        work: `${atOnce} runs at once: the first output`,
        row: many,
        limit: share(medianOf(rows, one), 20),
        bound: '20 × that of a single one',
      },
    ],
  };
};

/** Throws if the output or the exit is not that of the program. */
async function firstOutputMs({ client, rootfs }: Lab): Promise<number> {
  goOn();
  const begin = performance.now();
  let first = Number.NaN;
  const parts: Buffer[] = [];
  const spec = { rootfs: { directory: rootfs }, process: { args: ['/bin/echo', word] } };
  const { code } = await client.run(spec, (_, __, data) => {
    if (parts.length === 0) first = performance.now() - begin;
    parts.push(data);
  });
  const text = Buffer.concat(parts).toString();
  if (code !== 0 || text !== `${word}\n`)
    throw new Error(`/bin/echo ended with ${code}, and its output was '${text}'`);
  return first;
}
