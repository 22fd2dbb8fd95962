import { join } from 'node:path';
import { LikerClient } from '../client.ts';
import { type Engine, sleeper } from '../engines/engine.ts';
import { Runner } from '../engines/runner.ts';
import { goOn } from '../interrupt.ts';
import type { Lab } from '../lab.ts';
import { availableBytes, pidsNamed, proportionalBytes, residentBytes } from '../memory.ts';
import { medianOf, type Result, type Row, rowOf, share } from '../report.ts';
import type { Bench, Case } from './case.ts';

const clients = 4;
const kibibyte = 1024;

/** An engine as this case uses it. */
interface Fleet {
  readonly name: string;
  readonly count: number;
  readonly helper: string;
  /** Milliseconds until `count` containers run, started by `by` clients at once. */
  start(count: number, by: number): Promise<number>;
  /** Milliseconds of each way to list all. */
  readonly lists: Readonly<Record<string, () => Promise<number>>>;
  removeAll(): Promise<void>;
}

interface Measured {
  readonly byOne: Row;
  readonly byFour: Row;
  readonly lists: readonly Row[];
  readonly lost: Row;
  readonly helpers: readonly Row[];
}

/** Many running containers: how fast they start, how much memory each takes, how long it takes to list them. */
export const fleetCase: Case = async (bench): Promise<readonly Result[]> => {
  await using runner = new Runner({
    cwd: bench.lab.home,
    log: join(bench.lab.home, 'likerctl.log'),
    env: bench.lab.env,
  });
  const all: Measured[] = [];
  for (const fleet of [likerFleet(bench.lab, runner), ...bench.peers.map((peer) => peerFleet(peer, bench))]) {
    goOn();
    all.push(await measureFleet(fleet, bench));
  }
  return [...startResults(all), ...memoryResults(all), listResult(all, bench)];
};

async function measureFleet(fleet: Fleet, { quick }: Bench): Promise<Measured> {
  const { name, count } = fleet;
  const half = count / 2;
  const listings = quick ? 8 : 20;
  const before = { available: availableBytes(), helpers: new Set(pidsNamed(fleet.helper)) };
  try {
    const perSecond = async (by: number): Promise<Row> =>
      rowOf(name, [(half * 1000) / (await fleet.start(half, by))]);
    const byOne = await perSecond(1);
    const byFour = await perSecond(clients);
    const lost = (before.available - availableBytes()) / count / kibibyte;
    const helpers = pidsNamed(fleet.helper).filter((pid) => !before.helpers.has(pid));
    const sizes = (of: (pid: number) => number) => helpers.map((pid) => of(pid) / kibibyte);
    const lists: Row[] = [];
    for (const [list, run] of Object.entries(fleet.lists)) {
      const times: number[] = [];
      for (let i = 0; i < listings; i++) times.push(await run());
      lists.push(rowOf(list, times.slice(listings / 4)));
    }
    return {
      byOne,
      byFour,
      lost: rowOf(`${name} (${count})`, [lost]),
      helpers:
        helpers.length === 0
          ? []
          : [
              rowOf(`${name}, ${fleet.helper} RSS`, sizes(residentBytes)),
              rowOf(`${name}, ${fleet.helper} PSS`, sizes(proportionalBytes)),
            ],
      lists,
    };
  } finally {
    await fleet.removeAll();
  }
}

function likerFleet(lab: Lab, runner: Runner): Fleet {
  const count = 100;
  const spec = { rootfs: { directory: lab.rootfs }, process: { args: [...sleeper] } };
  const list = async (): Promise<number> => {
    const begin = performance.now();
    const found = await lab.client.list();
    if (found.length !== count) throw new Error(`${found.length} containers are listed, not ${count}`);
    return performance.now() - begin;
  };
  return {
    name: 'liker',
    count,
    helper: 'liker-shim',
    async start(wanted, by) {
      const connections = Array.from({ length: by }, () => new LikerClient(lab.socket));
      // A connected client.
      await Promise.all(connections.map((client) => client.list()));
      const begin = performance.now();
      let left = wanted;
      await Promise.all(
        connections.map(async (client) => {
          while (left-- > 0) await client.started(spec);
        }),
      );
      const ms = performance.now() - begin;
      for (const client of connections) client.close();
      return ms;
    },
    lists: {
      'liker ListContainers': list,
      'likerctl ps': () => runner.time(`${lab.likerctl} ps`),
    },
    removeAll: () => lab.client.removeAll(),
  };
}

function peerFleet(peer: Engine, { quick }: Bench): Fleet {
  const count = !quick ? 100 : peer.every === 1 ? 24 : 8;
  const names: string[] = [];
  return {
    name: peer.name,
    count,
    helper: peer.helper,
    start(wanted, by) {
      // Writes the bundles before the measurement.
      const parts = Array.from({ length: by }, (_, part) =>
        Array.from({ length: Math.floor((wanted + part) / by) }, () => {
          const name = `lb-fleet-${process.pid}-${names.length}`;
          names.push(name);
          return peer.start(name);
        }).join(' && '),
      );
      if (by === 1) return peer.runner.time(parts.join());
      const waits = parts.map((_, i) => `wait $p${i}`).join(' && ');
      return peer.runner.time(`${parts.map((part, i) => `{ ${part}; } & p${i}=$!; `).join('')} ${waits}`);
    },
    lists: { [`${peer.name} ps`]: () => peer.runner.time(peer.list()) },
    async removeAll() {
      await peer.runner.time(peer.remove(names));
    },
  };
}

function startResults(all: readonly Measured[]): Result[] {
  const result = (name: string, by: string, factor: number, rows: readonly Row[]): Result => ({
    name,
    title: `starts of sleep a second, ${by}`,
    unit: 'a second',
    moreIsBetter: true,
    rows,
    notes: [],
    aims: [
      {
        work: `starts a second of \`sleep\`, ${by}`,
        row: 'liker',
        limit: share(medianOf(rows, 'crun'), factor),
        bound: `${factor} × crun's`,
      },
    ],
  });
  return [
    result(
      'starts1',
      '1 client',
      2,
      all.map(({ byOne }) => byOne),
    ),
    result(
      'starts4',
      `${clients} clients`,
      3,
      all.map(({ byFour }) => byFour),
    ),
  ];
}

function memoryResults(all: readonly Measured[]): Result[] {
  const lost = all.map((measured) => measured.lost);
  return [
    {
      name: 'memory',
      title: 'memory for each container that runs sleep: MemAvailable before and after',
      unit: 'KiB',
      rows: lost,
      notes: ["The program's own 60 KiB or so are in it; what else happens on the machine is, too"],
      aims: [
        {
          work: 'memory of each container',
          row: lost[0]?.name ?? '',
          limit: 1024,
          bound: '1024 KiB',
        },
      ],
    },
    {
      name: 'helpers',
      title: 'the process beside each container',
      unit: 'KiB',
      rows: all.flatMap(({ helpers }) => helpers),
      notes: [],
      aims: [
        { work: "the shim's resident memory", row: 'liker, liker-shim RSS', limit: 1024, bound: '1024 KiB' },
        { work: "the shim's proportional share", row: 'liker, liker-shim PSS', limit: 300, bound: '300 KiB' },
      ],
    },
  ];
}

function listResult(all: readonly Measured[], { quick }: Bench): Result {
  const rows = all.flatMap(({ lists }) => lists);
  const counts = all.map(({ lost }) => lost.name).join(', ');
  // The time for a few says nothing about a hundred.
  const byDocker = quick ? null : medianOf(rows, 'docker ps');
  return {
    name: 'ps',
    title: 'list of the containers that run',
    unit: 'ms',
    rows,
    notes: [`Containers: ${counts}`],
    aims: [
      { work: '`ps` with 100 containers, the call', row: 'liker ListContainers', limit: 5, bound: '5 ms' },
      ...[1, 0.5].map((factor) => ({
        work: '`ps` with 100 containers, the command',
        row: 'likerctl ps',
        limit: share(byDocker, factor),
        bound: `${factor} × docker's with 100`,
      })),
    ],
  };
}
