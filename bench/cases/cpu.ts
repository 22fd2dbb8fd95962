import { childrenCpuMs, cpuMs, mainThreadCpuMs } from '../cpu.ts';
import type { Engine } from '../engines/engine.ts';
import { runTrue } from '../engines/engine.ts';
import { goOn } from '../interrupt.ts';
import type { Lab } from '../lab.ts';
import { type Row, rowOf } from '../report.ts';
import type { Case } from './case.ts';

/** Where the CPU time of a warm Run goes. Other processes of the machine hardly change it, so it shows what a change saves on a machine that is not idle. */
export const cpuCase: Case = async ({ lab, peers, quick }) => {
  const runs = quick ? 100 : 300;
  for (let i = 0; i < (quick ? 100 : 500); i++) await runLiker(lab);
  const before = likerCpu(lab);
  for (let i = 0; i < runs; i++) await runLiker(lab);
  const after = likerCpu(lab);
  const rows = Object.keys(after).map((name) =>
    rowOf(name, [((after[name] ?? 0) - (before[name] ?? 0)) / runs]),
  );
  for (const peer of peers.filter(({ isRuntime }) => isRuntime)) rows.push(await rowOfRuntime(peer, runs));
  return {
    name: 'cpu',
    title: 'CPU time of one create + start + wait + remove of /bin/true',
    unit: 'ms',
    rows,
    notes: ['Of a connected gRPC client; a spare shim is born in the meantime'],
  };
};

async function runLiker({ client, rootfs }: Lab): Promise<void> {
  goOn();
  await client.run({ rootfs: { directory: rootfs }, process: { args: ['/bin/true'] } });
}

function likerCpu({ pid }: Lab): Record<string, number> {
  const loop = mainThreadCpuMs(pid);
  const threads = cpuMs(pid) - loop;
  const children = childrenCpuMs(pid);
  const { user, system } = process.cpuUsage();
  const client = (user + system) / 1000;
  return {
    'likerd, event loop': loop,
    'likerd, other threads': threads,
    'liker-shim, init and program': children,
    'liker, client': client,
    'liker, sum': loop + threads + children + client,
  };
}

async function rowOfRuntime(peer: Engine, runs: number): Promise<Row> {
  await runTrue(peer);
  const before = childrenCpuMs(peer.runner.pid);
  for (let i = 0; i < runs; i++) {
    goOn();
    await runTrue(peer);
  }
  return rowOf(`${peer.name} run`, [(childrenCpuMs(peer.runner.pid) - before) / runs]);
}
