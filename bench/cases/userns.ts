import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import { Lab } from '../lab.ts';
import { interleave } from '../measure.ts';
import { medianOf, rowsOf, share } from '../report.ts';
import type { Case } from './case.ts';

/** What a user namespace adds to a start, beside no other container and beside many. */
export const usernsCase: Case = async ({ lab: { checkout }, quick }) => {
  const count = 200;
  await using alone = await Lab.open({ checkout });
  await using crowded = await Lab.open({ checkout });
  for (let i = 0; i < count; i++)
    await crowded.client.started(specOf(crowded, i % 2 === 0 ? 'auto' : 'host', ['/bin/sleep', '100000']));
  const contestant = (name: string, lab: Lab, mode: Mode) => ({
    name,
    run: async () => {
      const { code, readyMs, exitMs, endMs } = await lab.client.run(specOf(lab, mode, ['/bin/true']));
      if (code !== 0) throw new Error(`/bin/true ended with ${code}`);
      return { ms: endMs, parts: { ready: readyMs, exit: exitMs - readyMs, end: endMs - exitMs } };
    },
  });
  const host = 'liker --userns host';
  const auto = 'liker --userns auto';
  const beside = `beside ${count}`;
  const samples = await interleave(
    [
      contestant(host, alone, 'host'),
      contestant(auto, alone, 'auto'),
      contestant(`${host}, ${beside}`, crowded, 'host'),
      contestant(`${auto}, ${beside}`, crowded, 'auto'),
    ],
    { rounds: quick ? 60 : 500, warmUp: quick ? 40 : 150 },
  );
  const rows = rowsOf(samples, host);
  const aim = (work: string, place: string) => ({
    work,
    row: `${auto}${place}`,
    limit: share(medianOf(rows, `${host}${place}`), 1.1),
    bound: 'a tenth more than without',
  });
  return {
    name: 'userns',
    title: 'create + start + wait + remove of /bin/true with and without a user namespace of its own',
    unit: 'ms',
    rows,
    notes: [],
    aims: [
      aim('the same with a user namespace', ''),
      aim(`the same with a user namespace, ${beside} containers that run`, `, ${beside}`),
    ],
  };
};

type Mode = 'auto' | 'host';

function specOf(lab: Lab, mode: Mode, args: string[]): ContainerSpecInput {
  return {
    rootfs: { directory: lab.rootfs },
    process: { args },
    namespaces: { user: mode },
  };
}
