import { readdirSync, readFileSync } from 'node:fs';
import { credentials } from '@grpc/grpc-js';
import { maxMessageBytes, v1 } from '../../proto/services.ts';
import type { Lab } from '../lab.ts';
import { type Sample, summarize } from '../measure.ts';
import { rowsOf } from '../report.ts';
import type { Case } from './case.ts';

/** What the daemon spends on the figures of one container, in CPU time: others that load the machine do not count. */
export const statsCase: Case = async ({ lab, quick }) => {
  const count = quick ? 50 : 200;
  const spec = { rootfs: { directory: lab.rootfs }, process: { args: ['/bin/sleep', '100000'] } };
  for (let i = 0; i < count; i++) await lab.client.started(spec);
  const samples = await streamed(lab, { count, rounds: quick ? 30 : 60, warmUp: 5 });
  await lab.client.removeAll();
  const { median } = summarize(samples.map(({ ms }) => ms));
  return {
    name: 'stats',
    title: `StreamStats of ${count} containers`,
    unit: 'ms of CPU a container and sample',
    rows: rowsOf(new Map([['likerd', samples]])),
    aims: [{ work: 'all figures of one container', row: 'likerd', limit: 0.3, bound: '0.3 ms' }],
    notes: [`500 containers at one sample a second: ${((median * 500) / 10).toFixed(1)} % of one core`],
  };
};

async function streamed(
  lab: Lab,
  { count, rounds, warmUp }: { count: number; rounds: number; warmUp: number },
): Promise<Sample[]> {
  const options = { 'grpc.max_receive_message_length': maxMessageBytes };
  const client = new v1.StatsService(`unix:${lab.socket}`, credentials.createInsecure(), options);
  const call = client.streamStats({ interval: { nanos: 2e8 } });
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

/** Of all threads, by the scheduler's clock: the first figure of schedstat is nanoseconds on a CPU. */
function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((tid) =>
    Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]),
  );
  return threads.reduce((sum, ns) => sum + ns, 0) / 1e6;
}
