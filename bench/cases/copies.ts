import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DockerRegistry } from '../../test/harness/docker-registry.ts';
import { Disk } from '../disk.ts';
import { sleeper } from '../engines/engine.ts';
import { Runner } from '../engines/runner.ts';
import { goOn } from '../interrupt.ts';
import { Lab } from '../lab.ts';
import { peakBytes, resetPeak } from '../memory.ts';
import { openPeers, peerNames } from '../peers.ts';
import { atMost, type Racer, race } from '../race.ts';
import { type Result, rowOf } from '../report.ts';
import type { Bench, Case } from './case.ts';

const mebibyte = 2 ** 20;
const own = 'liker';
const tolerated = 1.2;
const container = 'bench-copies';
const image = 'bench/copies:latest';

/** An engine with Docker's commands. */
interface Contestant {
  readonly name: string;
  readonly runner: Runner;
  readonly client: string;
  /** Starts the container. */
  readonly start: string;
}

interface Place {
  /** Has the files, and gets them. */
  readonly home: string;
  readonly source: string;
  readonly lab: Lab;
  readonly shell: Runner;
  readonly contestants: readonly Contestant[];
  readonly quick: boolean;
  /** MiB of likerd at most, by work. */
  readonly peaks: Map<string, number[]>;
}

/** Files of 1 GB: into a container, out of it, and as an image, beside cp(1). */
export const copiesCase: Case = async (bench): Promise<readonly Result[]> => {
  using disk = new Disk(bench.lab.home);
  const home = join(disk.folder, 'lab');
  mkdirSync(home);
  await using lab = await Lab.open({ checkout: bench.lab.checkout, home });
  await using shell = new Runner({ cwd: home, log: join(home, 'log'), env: lab.env });
  await using stack = new AsyncDisposableStack();
  const contestants = await startAll(bench, { lab, shell, stack });
  const source = join(home, 'source');
  makeFiles(source, bench.quick ? 4 : 40);
  const place: Place = { home, source, lab, shell, contestants, quick: bench.quick, peaks: new Map() };
  const into = await copyInto(place);
  for (const { runner, client } of contestants)
    await runner.time(`${client} cp ${source} ${container}:/copy`);
  return [into, await copyOut(place), await commit(place), await memory(place)];
};

async function startAll(
  bench: Bench,
  { lab, shell, stack }: { readonly lab: Lab; readonly shell: Runner; readonly stack: AsyncDisposableStack },
): Promise<readonly Contestant[]> {
  const { likerctl } = lab;
  await shell.time(`${likerctl} import ${lab.rootfs} ${own}`);
  const start = `${likerctl} run -d --name ${container} ${own} ${sleeper.join(' ')}`;
  const contestants: Contestant[] = [{ name: own, runner: shell, client: likerctl, start }];
  const measured = bench.peers.filter(({ dockerLike }) => dockerLike !== null).map(({ name }) => name);
  const without = peerNames.filter((name) => !measured.includes(name));
  for (const peer of await openPeers(lab, without)) {
    const { name, runner, dockerLike: client } = stack.use(peer);
    if (client !== null) contestants.push({ name, runner, client, start: peer.start(container) });
  }
  for (const { runner, client, start: command } of contestants) {
    await runner.time(command);
    stack.defer(async () => void (await runner.time(`${client} rm -f ${container}`)));
  }
  return contestants;
}

/** Of 25 MB, with nothing that could be compressed. */
function makeFiles(folder: string, count: number): void {
  mkdirSync(folder);
  const script = 'for i in $(seq "$1"); do head -c 25MB /dev/urandom > "$0/$i"; done';
  execFileSync('bash', ['-c', script, folder, String(count)]);
}

function copyInto(place: Place): Promise<Result> {
  return measure(place, {
    name: 'cp-into',
    title: '`cp` of 1 GB into a container that runs',
    work: ({ client }) => `${client} cp ${place.source} ${container}:/copy`,
    undo: ({ client }) => `${client} exec ${container} /bin/busybox rm -r /copy`,
  });
}

function copyOut(place: Place): Promise<Result> {
  const target = join(place.home, 'copied');
  return measure(place, {
    name: 'cp-out',
    title: '`cp` of 1 GB out of a container that runs',
    work: ({ client }) => `${client} cp ${container}:/copy ${target}`,
    undo: () => `rm -r ${target}`,
  });
}

async function commit(place: Place): Promise<Result> {
  const result = await measure(place, {
    name: 'commit',
    title: '`commit` of a container with 1 GB of its own',
    work: ({ client }) => `${client} commit ${container} ${image}`,
    undo: ({ client }) => `${client} rmi ${image}`,
    isSafe: true,
  });
  return {
    ...result,
    notes: [...result.notes, 'An image of liker is on the disk when it is said to be there'],
  };
}

interface Task {
  readonly name: string;
  readonly title: string;
  /** Shell commands. */
  readonly work: (contestant: Contestant) => string;
  readonly undo: (contestant: Contestant) => string;
  /** What it makes is to be on the disk: beside cp(1) with a sync, too. */
  readonly isSafe?: boolean;
}

async function measure(place: Place, { name, title, work, undo, isSafe }: Task): Promise<Result> {
  const { lab, shell, contestants, quick, peaks } = place;
  const copy = join(place.home, 'cp');
  const plain = 'cp -a';
  const racer = (racerName: string, runner: Runner, commands: readonly [string, string]): Racer => ({
    name: racerName,
    isPeer: racerName !== own && runner !== shell,
    async turn() {
      goOn();
      const [command, after] = commands;
      resetPeak(lab.pid);
      const ms = await runner.time(command);
      if (racerName === own) note(peaks, name, lab.pid);
      await runner.time(after);
      // What one left to be written, or freed, is not the next one's.
      await shell.time('sync');
      return { ms };
    },
  });
  const clean = `rm -r ${copy}`;
  const copying = `cp -a ${place.source} ${copy}`;
  const racers = [
    racer(plain, shell, [copying, clean]),
    ...(isSafe ? [racer(`${plain} and sync`, shell, [`${copying} && sync -f ${copy}`, clean])] : []),
    ...contestants.map((one) => racer(one.name, one.runner, [work(one), undo(one)])),
  ];
  const { rows, notes } = await race(racers, quick ? 2 : 5);
  const cp = rows.filter((row) => row.name === plain);
  return {
    name,
    title,
    unit: 's',
    rows,
    notes,
    aims: [atMost(tolerated, cp, { work: title, row: own })],
  };
}

/** Of likerd: in what was measured so far, and in what else has these bytes. */
async function memory({ home, lab, shell, peaks }: Place): Promise<Result> {
  const { likerctl } = lab;
  await using registry = await DockerRegistry.start();
  const remote = `${registry.host}/bench/copies:latest`;
  await shell.time(`${likerctl} commit ${container} ${remote}`);
  const archive = join(home, 'archive.tar');
  const commands = {
    save: `${likerctl} save -q -o ${archive} ${remote}`,
    load: `${likerctl} load -q -i ${archive}`,
    push: `${likerctl} push -q ${remote}`,
    export: `${likerctl} export -o ${archive} ${container}`,
    import: `${likerctl} import ${archive} ${image}`,
  };
  for (const [name, command] of Object.entries(commands)) {
    goOn();
    // Or there would be nothing to unpack.
    if (name === 'load') await shell.time(`${likerctl} rmi ${remote}`);
    resetPeak(lab.pid);
    await shell.time(command);
    note(peaks, name, lab.pid);
  }
  const rows = [...peaks].map(([name, values]) => rowOf(`likerd, ${name}`, values));
  return {
    name: 'copies-memory',
    title: 'greatest resident memory of likerd while 1 GB goes through it',
    unit: 'MiB',
    rows,
    notes: [],
    aims: rows.map((row) => ({
      work: `memory of ${row.name} of 1 GB`,
      row: row.name,
      limit: 120,
      bound: '120 MiB',
    })),
  };
}

function note(peaks: Map<string, number[]>, work: string, pid: number): void {
  peaks.set(work, [...(peaks.get(work) ?? []), peakBytes(pid) / mebibyte]);
}
