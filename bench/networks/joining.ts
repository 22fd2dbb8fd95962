import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import { sleeper } from '../engines/engine.ts';
import { goOn } from '../interrupt.ts';
import type { Lab } from '../lab.ts';
import { type Contestant, interleave, type Sample } from '../measure.ts';
import { type Aim, medianOf, type Result, type Row, rowsOf } from '../report.ts';
import { type Commands, own, type Place } from './place.ts';

const crowd = 200;
const count = 10;
const withPorts = `, ${count} ports`;
const beside = `${own} beside ${crowd}`;
const besidePorts = `${beside} with ports${withPorts}`;
const aim = { ms: 3, ofPeers: 0.2, besidePorts: 1.2 } as const;

/** Not in a row, or they would be a range. */
const ports = Array.from({ length: count }, (_, index) => ({
  hostPort: 20_000 + 10 * index,
  containerPort: 8000 + index,
}));

/** A way to run a container: without a network, and on the bridge. */
interface Pair {
  readonly name: string;
  readonly alone: string;
  readonly connected: Contestant;
}

/** What the bridge adds to a run: beside no other container, and beside many, with and without ports. */
export async function joining(place: Place, quick: boolean): Promise<readonly Result[]> {
  const { lab, engines } = place;
  const rounds = { rounds: quick ? 40 : 200, warmUp: quick ? 20 : 40 };
  const bridge = { networks: [{ network: 'bridge' }] };
  const alone: Pair[] = [
    { name: own, alone: own, connected: call(`${own}, bridge`, lab, bridge) },
    {
      name: `${own}${withPorts}`,
      alone: own,
      connected: call(`${own}, bridge${withPorts}`, lab, { ...bridge, ports }),
    },
    ...engines.flatMap((engine) => commandPairs(engine)),
  ];
  const samples = await interleave(
    [
      call(own, lab, {}),
      ...engines.map((engine) => command(engine, `${engine.name} run`, {})),
      ...alone.map(({ connected }) => connected),
    ],
    rounds,
  );
  const besides: Pair[] = [];
  for (const [name, published] of [
    [beside, false],
    [besidePorts, true],
  ] as const) {
    // Only then, and not both at once: the kernel has one lock for the interfaces of all hosts.
    await using crowded = await place.another();
    await fill(crowded, published);
    const connection = published ? { ...bridge, ports } : bridge;
    const pair = { name, alone: name, connected: call(`${name}, bridge`, crowded, connection) };
    const among = await interleave([call(name, crowded, {}), pair.connected], rounds);
    for (const [contestant, of] of among) samples.set(contestant, of);
    besides.push(pair);
  }
  const added = rowsOf(
    new Map(
      [...alone, ...besides].map(({ name, alone: base, connected }) => [
        name,
        differences(samples.get(base) ?? [], samples.get(connected.name) ?? []),
      ]),
    ),
  );
  return [
    {
      name: 'joining',
      title: 'what the bridge adds to create + start + wait + remove of /bin/true',
      unit: 'ms',
      rows: added,
      notes: [
        'Each run on the bridge minus the one of the same round without a network',
        `Beside ${crowd}: containers that run on the bridge, with ${count} published ports each where it says so; docker and podman have none beside theirs`,
        'Parts: request → ready (started) → exit frame → end of the stream (removed)',
      ],
      aims: aims(added),
    },
    {
      name: 'connected-runs',
      title: 'create + start + wait + remove of /bin/true without a network and on the bridge',
      unit: 'ms',
      rows: rowsOf(samples),
      notes: [],
    },
  ];
}

async function fill({ client, rootfs }: Lab, publishes: boolean): Promise<void> {
  for (let index = 1; index <= crowd; index++) {
    goOn();
    await client.started({
      rootfs: { directory: rootfs },
      process: { args: [...sleeper] },
      networks: [{ network: 'bridge' }],
      ports: publishes ? ports.map((port) => ({ ...port, hostPort: port.hostPort + 100 * index })) : [],
    });
  }
}

function call(
  name: string,
  lab: Lab,
  connection: Pick<ContainerSpecInput, 'networks' | 'ports'>,
): Contestant {
  const network = connection.networks ? {} : { namespaces: { network: 'none' } };
  return {
    name,
    async run() {
      const { code, readyMs, exitMs, endMs } = await lab.client.run({
        rootfs: { directory: lab.rootfs },
        process: { args: ['/bin/true'] },
        ...network,
        ...connection,
      });
      if (code !== 0) throw new Error(`/bin/true ended with ${code}`);
      return { ms: endMs, parts: { ready: readyMs, exit: exitMs - readyMs, end: endMs - exitMs } };
    },
  };
}

/** They take much longer, and their figures are larger. */
const everyNth = 12;

function command(engine: Commands, name: string, options: Parameters<Commands['run']>[1]): Contestant {
  return {
    name,
    every: everyNth,
    run: async () => ({ ms: await engine.runner.time(engine.run(['/bin/true'], options)) }),
  };
}

function commandPairs(engine: Commands): Pair[] {
  const network = 'bridge';
  const alone = `${engine.name} run`;
  const publish = ports.map(({ hostPort, containerPort }) => `${hostPort}:${containerPort}`);
  return [
    { name: alone, alone, connected: command(engine, `${alone}, bridge`, { network }) },
    {
      name: `${alone}${withPorts}`,
      alone,
      connected: command(engine, `${alone}, bridge${withPorts}`, { network, publish }),
    },
  ];
}

/** Of the samples of the same rounds. */
function differences(alone: readonly Sample[], connected: readonly Sample[]): Sample[] {
  return connected.flatMap(({ ms, parts = {} }, index) => {
    const base = alone[index];
    if (base === undefined) return [];
    const names = Object.keys(parts);
    return [
      {
        ms: ms - base.ms,
        parts: Object.fromEntries(
          names.map((name) => [name, (parts[name] ?? Number.NaN) - (base.parts?.[name] ?? Number.NaN)]),
        ),
      },
    ];
  });
}

function aims(rows: readonly Row[]): Aim[] {
  const others = rows.filter(({ name }) => /^(docker|podman) run/.test(name));
  const joined = peersOf(others.filter(({ name }) => !name.endsWith(withPorts)));
  const published = peersOf(others.filter(({ name }) => name.endsWith(withPorts)));
  const most = { limit: aim.ms, bound: `${aim.ms} ms` };
  const alone = medianOf(rows, `${own}${withPorts}`);
  const besideWords = `beside ${crowd} containers`;
  const portsWords = `${count} published ports`;
  const besidePortsWords = `joining with ${count} ports ${besideWords} with ${count} each`;
  return [
    { work: 'joining the bridge', row: own, ...joined, ...most },
    { work: 'the same, by the command line', row: `${own} run`, ...joined },
    { work: `the same with ${portsWords}`, row: `${own}${withPorts}`, ...published, ...most },
    {
      work: `the same with ${portsWords}, by the command line`,
      row: `${own} run${withPorts}`,
      ...published,
    },
    { work: `joining the bridge ${besideWords}`, row: beside, ...joined, ...most },
    { work: `joining the bridge ${besideWords}`, row: beside, ...joined },
    {
      work: besidePortsWords,
      row: besidePorts,
      ...published,
      limit: alone === null ? null : alone * aim.besidePorts,
      bound: `${aim.besidePorts} times that beside none`,
    },
    { work: besidePortsWords, row: besidePorts, ...published },
  ];
}

function peersOf(rows: readonly Row[]): Pick<Aim, 'peers' | 'limit' | 'bound'> {
  const medians = rows.map(({ median }) => median);
  return {
    peers: rows.map(({ name }) => name),
    limit: medians.length === 0 ? null : Math.min(...medians) * aim.ofPeers,
    bound: "a fifth of docker's and podman's",
  };
}
