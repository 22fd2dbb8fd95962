import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { childrenCpuMs, cpuMs, mainThreadCpuMs } from '../cpu.ts';
import { DockerClient, packagedClient } from '../engines/docker-client.ts';
import { isInstalled } from '../engines/engine.ts';
import { goOn } from '../interrupt.ts';
import type { Lab } from '../lab.ts';
import { interleave, summarize } from '../measure.ts';
import { type Commands, own, Place } from '../networks/place.ts';
import { type Aim, medianOf, type Result, type Row, rowOf, rowsOf, share } from '../report.ts';
import type { Case } from './case.ts';

const peer = 'docker';
const network = 'bridge';
const container = `lb-docker-${process.pid}`;
const aim = { run: 0.35, exec: 0.6, output: 2, burst: 3 } as const;
const mebibytes = 64;
const atOnce = 100;

/** Docker's own client at likerd, which serves Docker's API, and at dockerd: each on a host of its own, with containers on its bridge. */
export const dockerCase: Case = async ({ lab: { checkout }, peers, quick }) => {
  if (!isInstalled('docker')) {
    console.log("Without Docker's API: there is no client of docker");
    return [];
  }
  const others = peers.filter(({ name }) => name === peer);
  await using place = await Place.open({ lab: { checkout }, peers: others }, (home) => [
    '--docker-socket',
    socketIn(home),
  ]);
  const doors = [doorOf(place), ...place.engines.slice(1)];
  return [
    await runs(doors, quick),
    await execs(doors, quick),
    await output(doors, quick),
    await burst(doors, quick),
    await cpu(place.lab, doors[0] as Commands, quick),
  ];
};

function socketIn(home: string): string {
  return join(home, 'docker.sock');
}

function doorOf({ lab, engines }: Place): Commands {
  const client = new DockerClient(socketIn(lab.home));
  client.import(lab.rootfs);
  const [{ runner }] = engines as [Commands];
  return {
    ...{ name: own, runner },
    run: (args, options) => client.run(args, options),
    start: (name, options, args) => client.start(name, options, args),
    exec: (name, args) => client.exec(name, args),
    remove: (names) => client.remove(names),
  };
}

/** The client is the same: what differs is behind the socket. */
function rowFor({ name }: Pick<Commands, 'name'>, what: string): string {
  return `${name}: ${what}`;
}

const ownOf = (what: string): string => rowFor({ name: own }, what);
const peersOf = (what: string): string => rowFor({ name: peer }, what);

function besideDockerd(rows: readonly Row[], what: string, work: string, times: number): Aim {
  const theirs = peersOf(what);
  const limit = share(medianOf(rows, theirs), times);
  return { work, row: ownOf(what), peers: [theirs], limit, bound: `${times} × dockerd's` };
}

async function runs(doors: readonly Commands[], quick: boolean): Promise<Result> {
  const what = 'docker run --rm true';
  const client = 'docker --version';
  const samples = await interleave(
    [
      ...doors.map((door) => ({
        name: rowFor(door, what),
        run: async () => ({ ms: await door.runner.time(door.run(['/bin/true'], { network })) }),
      })),
      ...doors.slice(0, 1).map(({ runner }) => ({
        name: client,
        run: async () => ({ ms: await runner.time(`${packagedClient()} --version`) }),
      })),
    ],
    { rounds: quick ? 6 : 40, warmUp: 3 },
  );
  const rows = rowsOf(samples, peersOf(what));
  return {
    name: 'docker-run',
    title: "run --rm of /bin/true on the bridge by Docker's client",
    unit: 'ms',
    rows,
    notes: ['docker --version calls nobody: it is the start of the client'],
    aims: [besideDockerd(rows, what, '`docker run --rm` through likerd', aim.run)],
  };
}

async function execs(doors: readonly Commands[], quick: boolean): Promise<Result> {
  const what = 'docker exec true';
  for (const door of doors) await door.runner.time(door.start(container, { network }));
  const samples = await interleave(
    doors.map((door) => ({
      name: rowFor(door, what),
      run: async () => ({ ms: await door.runner.time(door.exec(container, ['/bin/true'])) }),
    })),
    { rounds: quick ? 6 : 40, warmUp: 3 },
  );
  for (const door of doors) await door.runner.time(door.remove([container]));
  const rows = rowsOf(samples, peersOf(what));
  return {
    name: 'docker-exec',
    title: "exec of /bin/true by Docker's client",
    unit: 'ms',
    rows,
    notes: [],
    aims: [besideDockerd(rows, what, '`docker exec` through likerd', aim.exec)],
  };
}

async function output(doors: readonly Commands[], quick: boolean): Promise<Result> {
  const what = `docker run, ${mebibytes} MiB`;
  const args = ['/bin/dd', 'if=/dev/zero', 'bs=1M', `count=${mebibytes}`];
  const samples = await interleave(
    doors.map((door) => ({
      name: rowFor(door, what),
      run: async () => ({ ms: (mebibytes * 1000) / (await door.runner.time(door.run(args, { network }))) }),
    })),
    { rounds: quick ? 2 : 7, warmUp: 1 },
  );
  const rows = rowsOf(samples, peersOf(what));
  return {
    name: 'docker-output',
    title: `${mebibytes} MiB of output of docker run, from its start to its end, log on`,
    unit: 'MiB/s',
    moreIsBetter: true,
    rows,
    notes: [],
    aims: [
      besideDockerd(rows, what, `${mebibytes} MiB of output of \`docker run\` through likerd`, aim.output),
    ],
  };
}

async function burst(doors: readonly Commands[], quick: boolean): Promise<Result> {
  const [door] = doors as [Commands];
  const command = door.run(['/bin/echo', word], { network });
  const client = `${packagedClient()} --version`;
  const single: number[] = [];
  for (let i = 0; i < (quick ? 5 : 20); i++) single.push(await firstOutputMs(command));
  const all = (one: string) => Promise.all(Array.from({ length: atOnce }, () => firstOutputMs(one)));
  const many: number[] = [];
  const clients: number[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    many.push(...(await all(command)));
    clients.push(...(await all(client)));
  }
  const [one, crowd] = [ownOf('one docker run'), ownOf(`${atOnce} docker run at once`)];
  const rows = [rowOf(one, single), rowOf(crowd, many), rowOf(`${atOnce} docker --version at once`, clients)];
  return {
    name: 'docker-burst',
    title: 'from the start of the client to the first output',
    unit: 'ms',
    rows,
    notes: [`Each of ${many.length} runs in bursts gave its output and its exit code`],
    aims: [
      {
        work: `${atOnce} × \`docker run\` at once: the first output`,
        row: crowd,
        limit: summarize(single).median * aim.burst,
        bound: `${aim.burst} × that of a single one`,
        peers: [],
      },
    ],
  };
}

const word = 'here';

/** Throws if a line of output, or the exit, is missing. */
async function firstOutputMs(command: string): Promise<number> {
  goOn();
  const begin = performance.now();
  let first = Number.NaN;
  let text = '';
  const [program = '', ...args] = command.split(/ +/);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (bytes: Buffer) => {
    if (text === '') first = performance.now() - begin;
    text += bytes;
  });
  const errors: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => errors.push(bytes));
  const [code] = (await once(child, 'close')) as [number | null];
  const isWhole = text === `${word}\n` || command.endsWith('--version');
  if (code !== 0 || !isWhole)
    throw new Error(`${command} ended with ${code} after '${text}': ${Buffer.concat(errors)}`);
  return first;
}

/** Where the CPU time of one `docker run --rm` goes. */
async function cpu({ pid }: Lab, { runner, run }: Commands, quick: boolean): Promise<Result> {
  const command = run(['/bin/true'], { network });
  const count = quick ? 20 : 100;
  const taken = (): Record<string, number> => {
    const loop = mainThreadCpuMs(pid);
    return {
      "docker's client": childrenCpuMs(runner.pid),
      'likerd, event loop': loop,
      'likerd, other threads': cpuMs(pid) - loop,
      'liker-shim, init and program': childrenCpuMs(pid),
    };
  };
  const before = taken();
  for (let i = 0; i < count; i++) {
    goOn();
    await runner.time(command);
  }
  const after = taken();
  const parts = Object.entries(after).map(
    ([name, ms]) => [name, (ms - (before[name] ?? 0)) / count] as const,
  );
  const sum = parts.reduce((all, [, ms]) => all + ms, 0);
  return {
    name: 'docker-cpu',
    title: 'CPU time of one docker run --rm of /bin/true through likerd',
    unit: 'ms',
    rows: [...parts, ['sum', sum] as const].map(([name, ms]) => rowOf(name, [ms])),
    notes: [],
  };
}
