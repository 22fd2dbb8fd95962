// If any call in the shim, its children or libliker fails, the error of the verb names it, nothing is left, and the next verb works.
// The first call fails, then the second, until a try has no such call, so that a new call is covered without a new test.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { ContainerSpecInput } from '../proto/gen/types/liker/v1/ContainerSpec.ts';
import { Failpoint, type Outcome } from './harness/failpoints.ts';
import { leftovers } from './harness/leaks.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const point = new Failpoint();
const s = suite({ env: point.env, args: point.args });
after(() => point[Symbol.dispose]());

/** Tries every call, also those that are nearly the same: `npm run endurance`. */
const all = process.env['LIKER_KILLS'] !== undefined;

/** Calls of the container's processes that may fail without harm, and why. */
const harmless: Readonly<Record<string, string>> = {
  statx: 'a path that is no mount of its own is made one',
  access: 'it only words the error of an execve',
};
/** An empty stdin is a pipe if the container's /dev/null cannot be used. */
const ofEmptyStdin = ['openat2', 'fstat', 'fcntl'];

interface Exit {
  readonly code?: number;
  readonly startError?: string;
}

async function startAndWait(container: string): Promise<Exit> {
  await s.api.call((done) => s.api.containers.StartContainer({ container }, done));
  const { exit } = await s.api.call<{ exit?: Exit | null }>((done) =>
    s.api.containers.WaitContainer({ container }, done),
  );
  return exit ?? {};
}

async function create(spec: ContainerSpecInput): Promise<void> {
  await s.api.call((done) => s.api.containers.CreateContainer({ spec }, done));
}

/** Nothing of a run is left on the host; the folders of the containers stay. */
async function nothingLeft(): Promise<void> {
  let left: Record<string, readonly string[]> = {};
  await until(
    'nothing left',
    () => {
      left = { ...leftovers(s.daemon) };
      const files = (left['files'] ?? []).filter(
        (file) => !file.startsWith(join(s.daemon.root, 'containers')),
      );
      return files.length === 0 && Object.keys(left).every((kind) => kind === 'files');
    },
    { everyMs: 4 },
  ).catch(() => assert.deepEqual(left, {}, 'nothing is left on the host'));
}

/** The error names the step and the kernel's error. */
function isOfTheStep({ call, error }: Outcome<unknown>): void {
  const errno = call.endsWith('alloc') ? 'ENOMEM' : 'EDOM';
  const text = error?.details ?? String(error);
  assert.match(
    text,
    /^Cannot start (the process in )?container '\w+': (step '[a-z-]+' failed|.* cannot be executed)/,
  );
  assert.ok(text.includes(errno), text);
}

const isLoss = ({ error }: Outcome<unknown>): boolean =>
  /its shim was lost|The shim sent/.test(error?.details ?? '');

describe('a start', { concurrency: 1 }, () => {
  after(() => s.likerctl(['rm', '-f', 'box', 'plain']));
  test('of two containers', async () => {
    const kept = { autoRemove: false };
    await create(s.spec(['true'], { tty: true, user: '1000:1000' }, { name: 'box', ...kept }));
    await create(s.spec(['true'], {}, { name: 'plain', init: false, ...kept }));
  });

  const names = ['box', 'plain'] as const;
  for (const [name, role] of names.flatMap((name) => [
    [name, 'child'] as const,
    [name, 'program'] as const,
  ])) {
    test(`of ${name}: each call of its ${role} fails; the error names the step, and nothing is left`, async () => {
      const count = await point.each(
        { role, stride: role === 'program' || all ? 1 : name === 'plain' ? 4 : 2 },
        () => startAndWait(name),
        async (outcome) => {
          const { call, error, value } = outcome;
          if (error) isOfTheStep(outcome);
          else {
            assert.ok(
              harmless[call] !== undefined || (name === 'plain' && ofEmptyStdin.includes(call)),
              call,
            );
            assert.equal(value?.code, 0);
          }
          await nothingLeft();
        },
      );
      // The child works for the host's root, the program in the user namespace.
      assert.ok(count > (role === 'program' ? 100 : 60), `${count} calls`);
      assert.deepEqual((await startAndWait(name)).code, 0);
    });
  }

  for (const role of ['child', 'program'] as const) {
    test(`its ${role} is killed at each call; the error says so, and nothing is left`, async () => {
      await point.each(
        { role, mode: 'kill', stride: all ? 1 : 5 },
        () => startAndWait('box'),
        async ({ error, value }) => {
          if (error) assert.match(error.details ?? '', /child ended before exec by signal 9|ended before/);
          else assert.equal(value?.code, 137);
          await nothingLeft();
        },
      );
      assert.deepEqual((await startAndWait('box')).code, 0);
    });
  }

  test('each call of its shim fails; the outcome of the container is reported', async () => {
    const count = await point.each(
      { role: 'shim' },
      () => startAndWait('box'),
      async (outcome) => {
        if (outcome.error === null) assert.equal(outcome.value?.code, 0);
        else if (!isLoss(outcome)) isOfTheStep(outcome);
        await nothingLeft();
      },
    );
    assert.ok(count > 50, `${count} calls`);
  });

  test('its shim is killed at each call', async () => {
    await point.each(
      { role: 'shim', mode: 'kill' },
      () => startAndWait('box'),
      async (outcome) => {
        if (outcome.error) assert.ok(isLoss(outcome), outcome.error.details ?? '');
        else if (outcome.value?.code !== 0) {
          assert.equal(outcome.value?.code, 255);
          assert.match(outcome.value?.startError ?? '', /Its shim was lost/);
        }
        await nothingLeft();
      },
    );
    assert.deepEqual((await startAndWait('box')).code, 0);
  });

  for (const mode of ['short', 'garbage'] as const) {
    test(`each message of its shim is ${mode}`, async () => {
      await point.each(
        { role: 'shim', mode },
        () => startAndWait('box'),
        async (outcome) => {
          if (outcome.error) assert.ok(isLoss(outcome), outcome.error.details ?? '');
          else assert.equal(outcome.value?.code, 0);
          await nothingLeft();
        },
      );
      assert.deepEqual((await startAndWait('box')).code, 0);
    });
  }

  test('each call of libliker fails; the error names it, and nothing is left', async () => {
    const count = await point.each(
      { role: 'library' },
      () => startAndWait('box'),
      async (outcome) => {
        if (outcome.error) assert.match(outcome.error.details ?? '', /^Cannot .*EDOM/);
        else assert.equal(outcome.value?.code, 0);
        await nothingLeft();
      },
    );
    assert.ok(count > 30, `${count} calls`);
  });
});

describe('an exec', { concurrency: 1 }, () => {
  const run = (): Promise<Exit> =>
    s.api
      .call<{ exit?: Exit | null }>((done) =>
        s.api.sessions.ExecSync({ container: 'host', process: { args: ['true'] } }, done),
      )
      .then(({ exit }) => exit ?? {});

  /** Nothing is left of any exec: the container has its two processes and only its own group. */
  async function onlyTheContainer(): Promise<void> {
    await until('the end of all execs', async () => {
      const { CgroupPaths, State, ExecIDs } = await s.inspect('host');
      assert.equal(State.Status, 'running');
      const groups = Object.values(CgroupPaths).flatMap((path) =>
        readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()),
      );
      const [group = ''] = Object.values(CgroupPaths);
      const processes = readFileSync(join(group, 'cgroup.procs'), 'utf8').trim().split('\n');
      return ExecIDs.length === 0 && groups.length === 0 && processes.length === 2;
    });
  }

  const renew = async (): Promise<void> => {
    await s.likerctl(['rm', '-f', 'host']);
    await s.detached(['--name', 'host'], ['sleep', '100000']);
  };

  for (const role of ['child', 'program'] as const) {
    test(`each call of its ${role} fails; the error names the step, and the container continues`, async () => {
      await renew();
      await point.each({ role, stride: role === 'program' && !all ? 3 : 1 }, run, async (outcome) => {
        const { call, error, value } = outcome;
        if (error) isOfTheStep(outcome);
        else {
          assert.ok(harmless[call] !== undefined || ofEmptyStdin.includes(call));
          assert.equal(value?.code, 0);
        }
        await onlyTheContainer();
      });
      assert.equal((await run()).code, 0);
    });
  }

  for (const role of ['child', 'program'] as const) {
    test(`its ${role} is killed at each call; the error says so, and no process is left`, async () => {
      await renew();
      await point.each({ role, mode: 'kill', stride: all ? 1 : 8 }, run, async ({ error, value }) => {
        if (error) assert.match(error.details ?? '', /child ended before exec/);
        else assert.ok(value?.code === 0 || value?.code === 137);
        await onlyTheContainer();
      });
      assert.equal((await run()).code, 0);
    });
  }

  test('the shim is killed at each call: the exec ends with an error, and the container is an orphan', async () => {
    await renew();
    await point.each({ role: 'shim', mode: 'kill', stride: all ? 1 : 10 }, run, async (outcome) => {
      if (outcome.error) assert.match(outcome.error.details ?? '', /shim .*lost/);
      else assert.ok(outcome.value?.code === 0 || outcome.value?.code === 137);
      await until('an orphan', async () => (await s.inspect('host')).State.Status === 'orphaned');
      await renew();
    });
    await s.ok(['rm', '-f', 'host']);
    await nothingLeft();
  });
});
