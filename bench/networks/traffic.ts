import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiled } from '../../test/harness/rootfs.ts';
import { until } from '../../test/harness/until.ts';
import { isInstalled, type RunOptions } from '../engines/engine.ts';
import type { Runner } from '../engines/runner.ts';
import { isInterrupted } from '../interrupt.ts';
import { interleave } from '../measure.ts';
import { medianOf, type Result, rowOf } from '../report.ts';
import { type Commands, own, type Place } from './place.ts';

const names = { server: 'bench-server', client: 'bench-client', peer: 'bench-peer' } as const;
const port = 8080;
const iperfPort = 5201;
const connections = 32;
const bitsInGigabit = 1e9;

/** What is measured of one engine, for this many seconds. */
interface Work {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly measure: (engine: Commands, seconds: number) => Promise<number>;
}

/** How much comes through: between two containers, from one to the outside, and from the outside to a published port. */
export async function traffic(place: Place, quick: boolean): Promise<readonly Result[]> {
  await using stack = new AsyncDisposableStack();
  for (const engine of place.engines) await startAll(engine, stack);
  const works = [requests(place)];
  if (isInstalled('iperf3')) {
    place.outside.start(['iperf3', '-s'], { stdio: 'ignore' });
    await place.outside.listens(iperfPort);
    works.push(
      throughput(place, 'between two containers', (engine) => addressIn(place, engine, names.peer)),
      throughput(place, 'from a container to the outside', async () => place.outside.v4),
    );
  } else console.log('Without throughput: iperf3 is not installed');
  const results: Result[] = [];
  for (const work of works) results.push(await measure(place, work, quick ? 2 : 5));
  return results;
}

async function startAll(engine: Commands, stack: AsyncDisposableStack): Promise<void> {
  const network = 'bridge';
  const publish = [`0.0.0.0:${port}:${port}`];
  const containers: readonly (readonly [string, RunOptions, (readonly string[])?])[] = [
    [names.server, { network, publish }, ['/bin/net-load', 'serve', String(port)]],
    [names.client, { network }],
    ...(isInstalled('iperf3') ? [[names.peer, { network }, ['/usr/bin/iperf3', '-s']] as const] : []),
  ];
  for (const [name, options, args] of containers) {
    await engine.runner.time(engine.start(name, options, args));
    stack.defer(async () => void (await engine.runner.time(engine.remove([name]))));
  }
}

async function measure(
  { engines }: Place,
  { name, title, unit, measure }: Work,
  rounds: number,
): Promise<Result> {
  // A server may not listen yet.
  for (const engine of engines)
    await until(`${title} of ${engine.name}`, () => (isInterrupted() ? 1 : measure(engine, 1)));
  const samples = await interleave(
    engines.map((engine) => ({ name: engine.name, run: async () => ({ ms: await measure(engine, 3) }) })),
    { rounds, warmUp: 0 },
  );
  const rows = [...samples].map(([engine, of]) =>
    rowOf(
      engine,
      of.map(({ ms }) => ms),
    ),
  );
  const aim = { work: title, row: own, limit: medianOf(rows, 'docker'), bound: "docker's" };
  return { name, title, unit, rows, notes: [], moreIsBetter: true, aims: [aim] };
}

function requests(place: Place): Work {
  const load = compiled('net-load');
  return {
    name: 'requests',
    title: `requests from outside to a published port, over ${connections} connections, a new one after 8 requests`,
    unit: 'a second',
    async measure(engine, seconds) {
      const command = `${load} ask ${place.addressOf(engine)} ${port} ${connections} ${seconds}`;
      return Number(await outputOf(place, place.shell, command));
    },
  };
}

function throughput(place: Place, what: string, addressOf: (engine: Commands) => Promise<string>): Work {
  return {
    name: what.replaceAll(' ', '-'),
    title: `throughput ${what}`,
    unit: 'Gbit/s',
    async measure(engine, seconds) {
      const client = ['/usr/bin/iperf3', '-J', '-c', await addressOf(engine), '-t', String(seconds)];
      const output = await outputOf(place, engine.runner, engine.exec(names.client, client));
      const { end } = JSON.parse(output) as { end: { sum_received: { bits_per_second: number } } };
      return end.sum_received.bits_per_second / bitsInGigabit;
    },
  };
}

async function addressIn(place: Place, engine: Commands, container: string): Promise<string> {
  const show = ['/bin/busybox', 'ip', '-o', '-4', 'address', 'show', 'eth0'];
  const output = await outputOf(place, engine.runner, engine.exec(container, show));
  return /inet ([\d.]+)/.exec(output)?.[1] ?? '';
}

/** What a command prints. */
export async function outputOf({ lab: { home } }: Place, runner: Runner, command: string): Promise<string> {
  const file = join(home, 'output');
  await runner.time(`${command} >${file}`);
  return readFileSync(file, 'utf8');
}
