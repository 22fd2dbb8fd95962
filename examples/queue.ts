// Runs many commands, each in a container of its own, some at a time: node queue.ts IMAGE COUNT
import { Liker } from 'liker';

/** How a job has ended, and what it has written. */
export interface Done {
  readonly code: number;
  readonly output: string;
}

/** In the order of the jobs, whatever the order of their ends. */
export async function runJobs(
  liker: Liker,
  image: string,
  jobs: readonly (readonly string[])[],
  atOnce = 8,
): Promise<Done[]> {
  const done: Done[] = [];
  const queue = jobs.entries();
  const worker = async (): Promise<void> => {
    for (const [index, cmd] of queue) done[index] = await runJob(liker, image, cmd);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return done;
}

async function runJob(liker: Liker, image: string, cmd: readonly string[]): Promise<Done> {
  await using box = await liker.containers.run({ image, cmd, network: 'none', limits: { pids: 50 } });
  const { code } = await box.wait();
  let output = '';
  for await (const { data } of box.logs()) output += Buffer.from(data).toString();
  return { code, output };
}

if (import.meta.main) {
  const [image = 'debian', count = '1000'] = process.argv.slice(2);
  // Nothing stays if this program is killed.
  await using liker = new Liker({ lease: true });
  const jobs = Array.from({ length: Number(count) }, (_, index) => [
    'sh',
    '-c',
    `echo ${index}; exit ${index % 7}`,
  ]);
  const done = await runJobs(liker, image, jobs);
  const right = done.filter(({ code, output }, index) => output === `${index}\n` && code === index % 7);
  console.log(`${right.length} of ${jobs.length} jobs are right`);
}
