import { runTrue } from '../engines/engine.ts';
import { type Contestant, interleave, timed } from '../measure.ts';
import { medianOf, rowsOf, share } from '../report.ts';
import type { Case } from './case.ts';

/** The contestant that Liker is compared with. */
const reference = 'crun run';

/** Create, start, wait and remove of /bin/true by a warm client, beside the peers. */
export const trueCase: Case = async ({ lab, peers, quick }) => {
  const spec = { rootfs: { directory: lab.rootfs }, process: { args: ['/bin/true'] } };
  const contestants: Contestant[] = [
    { name: 'liker Run', run: () => timed(async () => partsOf(await lab.client.run(spec))) },
    { name: 'liker, four calls', run: () => timed(() => lab.client.fourCalls(spec)) },
    ...peers.map((peer) => ({
      name: `${peer.name} run`,
      every: peer.every,
      run: async () => ({ ms: await runTrue(peer) }),
    })),
  ];
  // Warms up the daemon's JIT compiler, since a daemon lives long.
  for (let i = 0; i < (quick ? 100 : 500); i++) await lab.client.run(spec);
  const samples = await interleave(contestants, { rounds: quick ? 25 : 150, warmUp: 3 });
  const rows = rowsOf(samples, reference);
  return {
    name: 'true',
    title: 'create + start + wait + remove of /bin/true',
    unit: 'ms',
    rows,
    notes: ['Parts: request → ready (started) → exit frame → end of the stream (removed)'],
    aims: [
      {
        work: 'create, start, wait and remove of `/bin/true`, warm client',
        row: 'liker Run',
        limit: share(medianOf(rows, reference), 0.5),
        bound: "half of crun's `run`",
      },
    ],
  };
};

function partsOf(outcome: {
  code: number;
  readyMs: number;
  exitMs: number;
  endMs: number;
}): Record<string, number> {
  if (outcome.code !== 0) throw new Error(`/bin/true ended with ${outcome.code}`);
  return {
    ready: outcome.readyMs,
    exit: outcome.exitMs - outcome.readyMs,
    end: outcome.endMs - outcome.exitMs,
  };
}
