import { join } from 'node:path';
import { Runner } from '../engines/runner.ts';
import { repository } from '../lab.ts';
import { interleave } from '../measure.ts';
import { rowsOf } from '../report.ts';
import type { Case } from './case.ts';

const mebibytes = 256;

/** Output of a container with the log on, taken by a warm client and by likerctl. */
export const outputCase: Case = async ({ lab, quick }) => {
  const args = ['dd', 'if=/dev/zero', 'bs=1M', `count=${mebibytes}`];
  const spec = { rootfs: { directory: lab.rootfs }, process: { args } };
  await using runner = new Runner({ cwd: lab.home, log: join(lab.home, 'likerctl.log'), env: lab.env });
  const byClient = async () => {
    let bytes = 0;
    const { endMs } = await lab.client.run(spec, (stream, _offset, data) => {
      if (stream === 'stdout') bytes += data.length;
    });
    if (bytes !== mebibytes * 2 ** 20) throw new Error(`${bytes} bytes arrived`);
    return { ms: endMs };
  };
  const likerctl = `${join(repository, 'bin/likerctl')} run --rm ${lab.rootfs} ${args.join(' ')}`;
  const samples = await interleave(
    [
      { name: 'liker Run', run: byClient },
      { name: 'likerctl run > /dev/null', run: async () => ({ ms: await runner.time(likerctl) }) },
    ],
    { rounds: quick ? 2 : 5, warmUp: 1 },
  );
  const rows = rowsOf(samples);
  return {
    name: 'output',
    title: `${mebibytes} MiB of output with the log on`,
    unit: 'ms',
    rows,
    notes: rows.map(({ name, median }) => `${name}: ${((mebibytes * 1000) / median).toFixed(0)} MiB/s`),
  };
};
