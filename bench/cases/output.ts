import { join } from 'node:path';
import type { Engine, RunOptions } from '../engines/engine.ts';
import { Runner } from '../engines/runner.ts';
import { type Contestant, interleave } from '../measure.ts';
import { type Aim, medianOf, type Result, type Row, rowOf, share } from '../report.ts';
import type { Case } from './case.ts';

/** Throughput of a container's output with the log on and off, and of stdin through it, in MiB/s. */
export const outputCase: Case = async ({ lab, peers, quick }): Promise<readonly Result[]> => {
  const mebibytes = quick ? 64 : 1024;
  // docker writes 48 MiB/s, and would take most of the time.
  const bySlow = mebibytes / 8;
  const rounds = quick ? 2 : 3;
  await using runner = new Runner({ cwd: lab.home, log: join(lab.home, 'likerctl.log'), env: lab.env });
  const likerctl = `${lab.likerctl} run --rm`;
  const engines = peers.filter(({ isRuntime }) => !isRuntime);
  const logging = engines.filter(({ name }) => name !== 'ctr');
  const byLikerctl = (flags: string): Flow => ({
    name: 'likerctl run',
    mebibytes,
    run: () => runner.time(`${likerctl} ${flags} ${lab.rootfs} ${zeros(mebibytes).join(' ')}`),
  });
  const out = await throughput(rounds, [
    { name: 'liker Run', mebibytes, run: () => takeAll(lab, mebibytes) },
    byLikerctl(''),
    ...logging.map((peer) => byPeer(peer, 'run', { mebibytes: bySlow, args: zeros(bySlow) })),
  ]);
  const unlogged = await throughput(rounds, [
    byLikerctl('--log-driver none'),
    ...engines.map((peer) => byPeer(peer, 'run', { mebibytes, args: zeros(mebibytes), withoutLog: true })),
  ]);
  const file = join(lab.home, 'zeros');
  await runner.time(`head -c ${mebibytes}M /dev/zero > ${file}`);
  const input = await throughput(rounds, [
    {
      name: 'likerctl run -i',
      mebibytes,
      run: () => runner.time(`${likerctl} -i --log-driver none ${lab.rootfs} /bin/cat < ${file}`),
    },
    ...peers.map((peer) =>
      byPeer(peer, 'run -i', { mebibytes, args: ['/bin/cat'], stdin: true, withoutLog: true, file }),
    ),
  ]);
  return [
    {
      name: 'output',
      title: `output of a container, log on (${mebibytes} MiB of zeros)`,
      unit: 'MiB/s',
      moreIsBetter: true,
      rows: out,
      notes: [],
      aims: [outputAim('output with the default log on', out)],
    },
    {
      name: 'unlogged',
      title: `output of a container, log off (${mebibytes} MiB of zeros)`,
      unit: 'MiB/s',
      moreIsBetter: true,
      rows: unlogged,
      notes: [],
      aims: [outputAim('output with the log off', unlogged)],
    },
    {
      name: 'input',
      title: `stdin to stdout through cat, log off (${mebibytes} MiB of zeros)`,
      unit: 'MiB/s',
      moreIsBetter: true,
      rows: input,
      notes: ['crun passes its own fds on'],
      aims: [
        {
          work: 'stdin to stdout',
          row: 'likerctl run -i',
          limit: share(medianOf(input, 'ctr run -i'), 1.5),
          bound: "1.5 × ctr's",
        },
      ],
    },
  ];
};

function outputAim(work: string, rows: readonly Row[]): Aim {
  return { work, row: 'likerctl run', limit: share(medianOf(rows, 'podman run'), 3), bound: "3 × podman's" };
}

interface Flow {
  readonly name: string;
  readonly mebibytes: number;
  /** Milliseconds. */
  run(): Promise<number>;
}

async function throughput(rounds: number, flows: readonly Flow[]) {
  const contestants = flows.map(
    (flow): Contestant => ({ name: flow.name, run: async () => ({ ms: await flow.run() }) }),
  );
  const samples = await interleave(contestants, { rounds, warmUp: 1 });
  return flows.map(({ name, mebibytes }) =>
    rowOf(
      name,
      (samples.get(name) ?? []).map(({ ms }) => (mebibytes * 1000) / ms),
    ),
  );
}

function zeros(mebibytes: number): string[] {
  return ['/bin/dd', 'if=/dev/zero', 'bs=1M', `count=${mebibytes}`];
}

async function takeAll(lab: Parameters<Case>[0]['lab'], mebibytes: number): Promise<number> {
  let bytes = 0;
  const spec = { rootfs: { directory: lab.rootfs }, process: { args: zeros(mebibytes) } };
  const { endMs } = await lab.client.run(spec, (stream, _offset, data) => {
    if (stream === 'stdout') bytes += data.length;
  });
  if (bytes !== mebibytes * 2 ** 20) throw new Error(`${bytes} bytes arrived`);
  return endMs;
}

function byPeer(
  peer: Engine,
  verb: string,
  options: RunOptions & { mebibytes: number; args: readonly string[]; file?: string },
): Flow {
  const input = options.file === undefined ? '' : ` < ${options.file}`;
  return {
    name: `${peer.name} ${verb}`,
    mebibytes: options.mebibytes,
    run: () => peer.runner.time(`${peer.run(options.args, options)}${input}`),
  };
}
