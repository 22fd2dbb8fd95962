import { type Contestant, interleave } from '../measure.ts';
import { rowsOf } from '../report.ts';
import type { Case } from './case.ts';

/** /bin/true in a container that runs, by a warm client, beside the peers' exec. */
export const execCase: Case = async ({ lab, peers, quick }) => {
  const rootfs = { directory: lab.rootfs };
  const container = await lab.client.started({ rootfs, process: { args: ['/bin/sleep', '100000'] } });
  const contestants: Contestant[] = [
    {
      name: 'liker Exec',
      run: async () => ({ ms: (await lab.client.exec(container, ['/bin/true'])).endMs }),
    },
    ...peers.map((peer) => ({
      name: `${peer.name} exec`,
      every: peer.every,
      run: async () => ({ ms: await peer.execTrue() }),
    })),
  ];
  const samples = await interleave(contestants, { rounds: quick ? 30 : 100, warmUp: 20 });
  await lab.client.remove(container);
  return {
    name: 'exec',
    title: 'exec of /bin/true',
    unit: 'ms; ratio to crun exec',
    rows: rowsOf(samples, 'crun exec'),
    notes: [],
  };
};
