import { request } from 'node:http';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { maxMessageBytes } from '../../proto/limits.ts';
import { v1 } from '../../test/harness/services.ts';
import { cpuMs } from '../cpu.ts';
import { Lab } from '../lab.ts';
import { interleave, type Sample, summarize } from '../measure.ts';
import { type Result, rowOf, rowsOf } from '../report.ts';
import type { Case } from './case.ts';

/** The number of containers in the aims. */
const fleet = 500;

/** The cost of watching many containers: CPU time where possible, since it does not depend on the load of the machine. */
export const statsCase: Case = async ({ lab: { checkout }, quick }): Promise<readonly Result[]> => {
  const count = quick ? fleet / 5 : fleet;
  const rounds = quick ? 10 : 60;
  await using lab = await Lab.open({
    checkout,
    args: (home) => ['--metrics-addr', `unix:${metricsSocket(home)}`],
  });
  const spec = { rootfs: { directory: lab.rootfs }, process: { args: ['/bin/sleep', '100000'] } };
  for (let i = 0; i < count; i++) await lab.client.started(spec);
  const looks = await streamed(lab, { count, rounds, warmUp: 5 });
  const { median } = summarize(looks.map(({ ms }) => ms));
  const reads = await interleave(
    [
      { name: 'liker scrape', run: () => timed(lab, () => scrape(lab, count)) },
      { name: 'liker ListContainers', run: () => timed(lab, () => list(lab, count)) },
    ],
    { rounds, warmUp: 5 },
  );
  const cpu = [...reads].map(([name, samples]) =>
    rowOf(
      name,
      samples.map(({ parts }) => parts?.['CPU'] ?? Number.NaN),
    ),
  );
  return [
    {
      name: 'stats',
      title: `StreamStats of ${count} containers`,
      unit: 'ms of CPU a container and sample',
      rows: rowsOf(new Map([['likerd', looks]])),
      aims: [
        { work: 'all figures of one container', row: 'likerd', limit: 0.3, bound: '0.3 ms' },
        {
          work: `figures of ${fleet} containers once a second`,
          row: 'likerd',
          limit: 100 / fleet,
          bound: '10 % of one core',
        },
      ],
      notes: [
        `${fleet} containers at one sample a second: ${((median * fleet) / 10).toFixed(1)} % of one core`,
      ],
    },
    {
      name: 'watch',
      title: `one look at ${count} containers`,
      unit: 'ms',
      rows: rowsOf(reads),
      aims: [
        {
          work: `a scrape of the metrics of ${count} containers`,
          row: 'liker scrape',
          limit: (100 * count) / fleet,
          bound: `${(100 * count) / fleet} ms`,
        },
      ],
      notes: cpu.map((row) => `likerd's CPU time for ${row.name}: ${row.median.toFixed(1)} ms`),
    },
  ];
};

function metricsSocket(home: string): string {
  return join(home, 'metrics.sock');
}

async function timed(lab: Lab, act: () => Promise<void>): Promise<Sample> {
  const [begin, cpu] = [performance.now(), cpuMs(lab.pid)];
  await act();
  return { ms: performance.now() - begin, parts: { CPU: cpuMs(lab.pid) - cpu } };
}

async function list(lab: Lab, count: number): Promise<void> {
  const found = (await lab.client.list()).length;
  if (found !== count) throw new Error(`${found} containers are listed, not ${count}`);
}

/** As Prometheus does: reads the whole text. */
async function scrape(lab: Lab, count: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ socketPath: metricsSocket(lab.home), path: '/metrics' }, async (response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    resolve(Buffer.concat(chunks).toString('latin1'));
  })
    .once('error', reject)
    .end();
  const told = (await promise).split('\ncontainer_cpu_usage_seconds_total{').length - 1;
  if (told !== count) throw new Error(`${told} containers are told of, not ${count}`);
}

async function streamed(
  lab: Lab,
  { count, rounds, warmUp }: { count: number; rounds: number; warmUp: number },
): Promise<Sample[]> {
  const options = { 'grpc.max_receive_message_length': maxMessageBytes };
  const client = new v1.StatsService(`unix:${lab.socket}`, credentials.createInsecure(), options);
  const call = client.streamStats({ interval: { nanos: 5e8 } });
  const samples: Sample[] = [];
  let before = cpuMs(lab.pid);
  let round = -warmUp;
  try {
    for await (const { snapshot } of call) {
      if (snapshot?.containers?.length !== count) throw new Error('A container is missing');
      const now = cpuMs(lab.pid);
      if (round >= 0) samples.push({ ms: (now - before) / count });
      before = now;
      round += 1;
      if (round === rounds) break;
    }
  } finally {
    call.on('error', () => {});
    call.cancel();
    client.close();
  }
  return samples;
}
