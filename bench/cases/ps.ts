import { join } from 'node:path';
import { Runner } from '../engines/runner.ts';
import { repository } from '../lab.ts';
import { interleave, timed } from '../measure.ts';
import { rowsOf } from '../report.ts';
import type { Case } from './case.ts';

/** A list of many containers that run: the call and the command; and what one costs the machine's memory. */
export const psCase: Case = async ({ lab, quick }) => {
  const count = quick ? 30 : 100;
  const spec = { rootfs: { directory: lab.rootfs }, process: { args: ['/bin/sleep', '100000'] } };
  const before = lab.residentBytes;
  const begin = performance.now();
  for (let i = 0; i < count; i++) await lab.client.started(spec);
  const perSecond = (count * 1000) / (performance.now() - begin);
  await using runner = new Runner({ cwd: lab.home, log: join(lab.home, 'likerctl.log'), env: lab.env });
  const contestants = [
    {
      name: 'ListContainers',
      run: () =>
        timed(async () => {
          if ((await lab.client.list()).length !== count) throw new Error('A container is missing');
          return undefined;
        }),
    },
    {
      name: 'likerctl ps',
      run: async () => ({ ms: await runner.time(`${join(repository, 'bin/likerctl')} ps`) }),
    },
  ];
  const samples = await interleave(contestants, { rounds: quick ? 15 : 40, warmUp: 5 });
  const grown = (lab.residentBytes - before) / count / 1024;
  await lab.client.removeAll();
  return {
    name: 'ps',
    title: `${count} containers that run`,
    unit: 'ms',
    rows: rowsOf(samples),
    notes: [
      `${perSecond.toFixed(0)} starts a second by one client; the daemon grew by ${grown.toFixed(0)} KiB a container`,
    ],
  };
};
