import { join } from 'node:path';
import { Runner } from '../engines/runner.ts';
import { repository } from '../lab.ts';
import { interleave } from '../measure.ts';
import { rowsOf } from '../report.ts';
import type { Case } from './case.ts';

/** The same by the command line: what a shell script pays. */
export const commandCase: Case = async ({ lab, peers, quick }) => {
  await using runner = new Runner({ cwd: lab.home, log: join(lab.home, 'likerctl.log'), env: lab.env });
  const likerctl = join(repository, 'bin/likerctl');
  const contestants = [
    {
      name: 'likerctl run --rm',
      run: async () => ({ ms: await runner.time(`${likerctl} run --rm ${lab.rootfs} /bin/true`) }),
    },
    { name: 'likerctl version', run: async () => ({ ms: await runner.time(`${likerctl} version`) }) },
    ...peers
      .filter(({ name }) => name === 'podman')
      .map((peer) => ({ name: 'podman run --rm', run: async () => ({ ms: await peer.runTrue() }) })),
  ];
  const samples = await interleave(contestants, { rounds: quick ? 12 : 50, warmUp: 2 });
  return {
    name: 'command',
    title: 'run --rm of /bin/true by the command line',
    unit: 'ms; ratio to podman',
    rows: rowsOf(samples, 'podman run --rm'),
    notes: [],
  };
};
