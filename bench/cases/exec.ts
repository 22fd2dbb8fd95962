import { join } from 'node:path';
import { Runner } from '../engines/runner.ts';
import { type Contestant, interleave } from '../measure.ts';
import { medianOf, rowsOf, share } from '../report.ts';
import type { Case } from './case.ts';

const name = `lb-exec-${process.pid}`;

/** /bin/true in a running container, with a warm client and with the command, beside the peers' exec. */
export const execCase: Case = async ({ lab, peers, quick }) => {
  const rootfs = { directory: lab.rootfs };
  const container = await lab.client.started({ rootfs, process: { args: ['/bin/sleep', '100000'] } });
  await using runner = new Runner({ cwd: lab.home, log: join(lab.home, 'likerctl.log'), env: lab.env });
  const likerctl = `${lab.likerctl} exec ${container} /bin/true`;
  await using stack = new AsyncDisposableStack();
  for (const peer of peers) {
    await peer.runner.time(peer.start(name));
    stack.defer(async () => void (await peer.runner.time(peer.remove([name]))));
  }
  const contestants: Contestant[] = [
    {
      name: 'liker Exec',
      run: async () => ({ ms: (await lab.client.exec(container, ['/bin/true'])).endMs }),
    },
    { name: 'likerctl exec', every: 2, run: async () => ({ ms: await runner.time(likerctl) }) },
    ...peers.map((peer) => ({
      name: `${peer.name} exec`,
      every: peer.every,
      run: async () => ({ ms: await peer.runner.time(peer.exec(name, ['/bin/true'])) }),
    })),
  ];
  const samples = await interleave(contestants, { rounds: quick ? 20 : 100, warmUp: quick ? 10 : 20 });
  await lab.client.remove(container);
  const rows = rowsOf(samples, 'crun exec');
  return {
    name: 'exec',
    title: 'exec of /bin/true',
    unit: 'ms',
    rows,
    notes: [],
    aims: [
      {
        work: '`exec` of `/bin/true`, warm client',
        row: 'liker Exec',
        limit: medianOf(rows, 'crun exec'),
        bound: "crun's",
      },
      {
        work: '`likerctl exec`',
        row: 'likerctl exec',
        limit: share(medianOf(rows, 'docker exec'), 0.5),
        bound: "half of docker's",
      },
    ],
  };
};
