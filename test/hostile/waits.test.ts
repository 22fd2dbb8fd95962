// What containers could make likerd wait for: their files, their groups, their ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { childrenOf, sparesOf } from '../harness/proc.ts';
import { requiresProgram } from '../harness/requires.ts';
import { until } from '../harness/until.ts';
import { hostileSuite, inBothModes, modes } from './modes.ts';
import { workFolder } from './root.ts';

const s = hostileSuite();
const work = workFolder();

/** How many calls, one after the other, likerd answers until `act` is done. */
async function answersDuring(act: Promise<unknown>): Promise<number> {
  let done = false;
  const ended = act.finally(() => {
    done = true;
  });
  let answers = -1;
  while (!done) {
    await s.api.call((call) => s.api.system.GetVersion({}, call as never));
    answers++;
  }
  await ended;
  return answers;
}

/** Removes it, and waits until likerd has removed its files, too. */
async function remove(container: string): Promise<void> {
  await s.api.call((done) => s.api.containers.RemoveContainer({ container, force: true }, done as never));
  await until('the files to be removed', () => readdirSync(join(s.daemon.root, 'trash')).length === 0, {
    everyMs: 1,
  });
}

inBothModes('T37: likerd serves others while it removes what a container has piled up', async ({ flags }) => {
  const files = 'mkdir /d; cd /d; for i in $(seq 10); do mkdir $i; (cd $i; touch $(seq 400)); done';
  const deep = 'cd /; for i in $(seq 300); do mkdir d$i; cd d$i; done';
  const id = await s.detached(flags, ['bash', '-c', `${files}; ${deep}; echo done; exec sleep 100000`]);
  await s.api.attach(id).waitFor('done');
  const answers = await answersDuring(remove(id));
  assert.ok(answers >= 3, `${answers} answers while 4,000 files are removed`);
});

/** Every end that likerd waits for during `act`, as strace prints the call. */
async function waits(act: () => Promise<unknown>): Promise<string[]> {
  const file = join(work, 'waits');
  const calls = 'trace=wait4,waitid';
  const strace = spawn(
    'strace',
    ['-f', '-b', 'execve', '-e', calls, '-o', file, '-p', String(s.daemon.pid)],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  for await (const line of createInterface(strace.stderr)) if (line.includes(' attached')) break;
  strace.stderr.resume();
  await act();
  const ended = once(strace, 'exit');
  strace.kill('SIGINT');
  await ended;
  const own = new Set(tasks());
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => own.has(line.split(' ')[0] ?? '') && /wait(4|id)\(/.test(line));
}

/** The threads of likerd. */
const tasks = (): string[] => readdirSync(`/proc/${s.daemon.pid}/task`);

describe('T38', { concurrency: 1 }, () => {
  for (const { userns, flags } of modes) {
    const crowd = async (): Promise<void> => {
      const codes = Array.from({ length: 12 }, (_, i) => 20 + i);
      // Each leaves orphans, of which one is still there at the end.
      const script = (code: number) =>
        `for i in 1 2 3; do (sleep 0.0$i &); done; (sleep 100 &); exit ${code}`;
      const ran = await Promise.all(
        codes.map((code) =>
          s.run([...flags, ...(code % 2 ? ['--init=false'] : [])], ['sh', '-c', script(code)]),
        ),
      );
      assert.deepEqual(
        ran.map(({ code }) => code),
        codes,
      );
    };

    test(`T38: each of many containers that end at once gets its own status, and none stays a zombie (--userns ${userns})`, async () => {
      await crowd();
      await until(
        'likerd to have no children but shims that wait',
        () => childrenOf(s.daemon.pid).length === sparesOf(s.daemon.pid).length,
      );
    });

    test(
      `T38: likerd waits only for processes that it names (--userns ${userns})`,
      requiresProgram('strace'),
      async () => {
        const calls = await waits(crowd);
        assert.ok(calls.length >= 12, calls.join('\n'));
        for (const call of calls) assert.match(call, /waitid\(P_PIDFD, \d+|wait4\([1-9]\d*,/);
      },
    );
  }
});
