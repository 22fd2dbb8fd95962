import { join } from 'node:path';
import { runTrue } from '../engines/engine.ts';
import { Runner } from '../engines/runner.ts';
import { interleave } from '../measure.ts';
import { medianOf, rowsOf, share } from '../report.ts';
import type { Case } from './case.ts';

/** The same with the command line: the cost in a shell script. */
export const commandCase: Case = async ({ lab, peers, quick }) => {
  await using runner = new Runner({ cwd: lab.home, log: join(lab.home, 'likerctl.log'), env: lab.env });
  const likerctl = lab.likerctl;
  const contestants = [
    {
      name: 'likerctl run --rm',
      run: async () => ({ ms: await runner.time(`${likerctl} run --rm ${lab.rootfs} /bin/true`) }),
    },
    { name: 'likerctl version', run: async () => ({ ms: await runner.time(`${likerctl} version`) }) },
    ...peers
      .filter(({ isRuntime }) => !isRuntime)
      .map((peer) => ({
        name: `${peer.name} run --rm`,
        every: 2,
        run: async () => ({ ms: await runTrue(peer) }),
      })),
  ];
  const samples = await interleave(contestants, { rounds: quick ? 6 : 50, warmUp: 2 });
  const rows = rowsOf(samples, 'podman run --rm');
  return {
    name: 'command',
    title: 'run --rm of /bin/true by the command line',
    unit: 'ms',
    rows,
    notes: [],
    aims: [
      {
        work: 'the same by `likerctl run --rm`',
        row: 'likerctl run --rm',
        limit: share(medianOf(rows, 'podman run --rm'), 0.5),
        bound: 'half of podman',
      },
    ],
  };
};
