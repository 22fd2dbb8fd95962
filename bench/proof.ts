import { Lab } from './lab.ts';

const mebibyte = 2 ** 20;
const atOnce = 4;

/** A line that differs in each container, so that mixed-up bytes are noticed. */
function expected(number: number): Buffer {
  return Buffer.alloc(mebibyte, `container ${number} writes this line again and again\n`);
}

/** Writes 1 MiB and exits at once with its own code. On a terminal, \n is not turned into \r\n. */
function script(number: number): string {
  const line = `container ${number} writes this line again and again`;
  return `[ ! -t 1 ] || stty -opost; yes '${line}' | head -c ${mebibyte}; exit ${number % 120}`;
}

interface Failure {
  readonly number: number;
  readonly what: string;
}

async function runOne(lab: Lab, number: number): Promise<Failure | null> {
  const want = expected(number);
  let next = 0;
  let wrong = '';
  const process = { args: ['sh', '-c', script(number)], tty: number % 2 === 1 };
  const { code } = await lab.client.run(
    { rootfs: { directory: lab.rootfs }, process },
    (stream, offset, data) => {
      if (wrong !== '') return;
      if (stream !== 'stdout') wrong = `stderr: ${data}`;
      else if (offset !== next) wrong = `bytes ${next} to ${offset} are missing`;
      else if (!data.equals(want.subarray(next, next + data.length))) wrong = `other bytes at ${offset}`;
      next += data.length;
    },
  );
  if (wrong === '' && next !== mebibyte) wrong = `${next} bytes`;
  if (wrong === '' && code !== number % 120) wrong = `exit code ${code}`;
  return wrong === '' ? null : { number, what: wrong };
}

/** Runs `count` containers, half of them on a terminal, and checks every byte and every exit code. */
export async function prove(count: number): Promise<void> {
  await using lab = await Lab.open();
  const begin = performance.now();
  const failures: Failure[] = [];
  let started = 0;
  let memoryAtTenth = 0;
  const work = async (): Promise<void> => {
    while (started < count) {
      const number = started++;
      if (number === Math.ceil(count / 10)) memoryAtTenth = lab.residentBytes;
      const failure = await runOne(lab, number).catch((error: Error) => ({ number, what: error.message }));
      if (failure !== null) failures.push(failure);
      if (number % 500 === 499) {
        const mib = (lab.residentBytes / mebibyte).toFixed(0);
        console.log(`${number + 1} of ${count}, ${failures.length} failed, daemon ${mib} MiB`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const seconds = (performance.now() - begin) / 1000;
  const left = await lab.client.list();
  for (const { number, what } of failures.slice(0, 20)) console.log(`container ${number}: ${what}`);
  console.log(
    `${count - failures.length} of ${count} containers delivered every byte and their exit code; ` +
      `${(count / seconds).toFixed(0)} a second; ${left.length} left over`,
  );
  const mib = (bytes: number): string => (bytes / mebibyte).toFixed(0);
  console.log(`Daemon: ${mib(memoryAtTenth)} MiB after a tenth, ${mib(lab.residentBytes)} MiB at the end`);
  if (failures.length > 0 || left.length > 0) throw new Error(`${failures.length} containers failed`);
}
