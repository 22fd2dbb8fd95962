import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { type TestContext, test } from 'node:test';
import type { StartFailure } from '../../../kernel/process/reports.ts';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import type { Container } from '../model/container.ts';
import type { Mount } from '../model/spec.ts';
import { addMount } from './mount.ts';
import { removeMount } from './unmount.ts';

const { EBUSY, ELOOP, ENAMETOOLONG, ENOTDIR, EROFS } = constants.errno;
const tmpfs: Mount = { type: 'tmpfs', target: '/t', readOnly: false, options: [] };
const refused = (values: Partial<StartFailure>): StartFailure => ({
  ...{ step: 'add-mount', syscall: 'move_mount', errno: EBUSY, object: '/t' },
  ...values,
});
const targets = (container: Container): string[] => container.spec.mounts.map(({ target }) => target);

async function started(t: TestContext) {
  const engine = EngineFixture.start(t);
  return { engine, container: await engine.started() };
}

/** Resolves when the call has stored what it begins, and waits for the kernel for ever. */
async function hangs(engine: EngineFixture, call: () => Promise<unknown>): Promise<void> {
  const acting = Promise.withResolvers<void>();
  engine.host.onAct = () => {
    acting.resolve();
    return new Promise(() => {});
  };
  void call();
  await acting.promise;
}

/** The next daemon, and its container once it has had its turn. */
async function afterDeath(t: TestContext, engine: EngineFixture, { id }: Container) {
  const next = await engine.dies(t);
  const container = next.context.registry.find(id);
  await container.verbs.run(async () => {});
  return { next, container };
}

test('a mount that the kernel refuses leaves the record as it was', async (t) => {
  const { engine, container } = await started(t);
  for (const syscall of ['mkdirat', 'openat'])
    for (const errno of [EROFS, ENOTDIR, ELOOP, ENAMETOOLONG]) {
      engine.host.onAct = async () => refused({ errno, syscall });
      await assert.rejects(addMount(engine.context, container, tmpfs), {
        reason: 'BAD_ARGUMENT',
        message: /^Cannot mount '' at '\/t' in container/,
      });
      assert.deepEqual([targets(container), container.facts.mounting], [[], null]);
    }
});

test('a daemon that dies during a mount: the next one makes it, or finds it made', async (t) => {
  for (const answer of [null, refused({})]) {
    const { engine, container } = await started(t);
    await hangs(engine, () => addMount(engine.context, container, tmpfs));
    engine.host.onAct = async () => answer;
    const { container: found } = await afterDeath(t, engine, container);
    assert.equal(engine.host.acts.length, 2);
    assert.deepEqual([targets(found), found.facts.mounting], [['/t'], null]);
  }
});

test('if the next daemon cannot make it either, the container does not have it', async (t) => {
  const { engine, container } = await started(t);
  await hangs(engine, () => addMount(engine.context, container, tmpfs));
  engine.host.onAct = async () => refused({ object: '/t/other' });
  const { container: found } = await afterDeath(t, engine, container);
  assert.deepEqual([targets(found), found.facts.mounting], [[], null]);
});

test('a daemon that dies while it takes a mount away: the next one goes on', async (t) => {
  const { engine, container } = await started(t);
  await addMount(engine.context, container, tmpfs);
  await hangs(engine, () => removeMount(engine.context, container, { target: '/t', lazy: false }));
  engine.host.onAct = async () => null;
  const { container: found } = await afterDeath(t, engine, container);
  assert.equal(engine.host.acts.length, 3);
  assert.deepEqual([targets(found), found.facts.mounting], [[], null]);
});

test('what is in use stays, in the record, too', async (t) => {
  const { engine, container } = await started(t);
  await addMount(engine.context, container, tmpfs);
  engine.host.onAct = async () => refused({ step: 'remove-mount', syscall: 'umount2' });
  await assert.rejects(removeMount(engine.context, container, { target: '/t', lazy: false }), {
    reason: 'WRONG_STATE',
    message: /in use: .*--lazy/,
  });
  assert.deepEqual([targets(container), container.facts.mounting], [['/t'], null]);
});

test('a container that does not run has it in its record alone', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  await addMount(engine.context, container, tmpfs);
  assert.deepEqual([targets(container), engine.host.acts], [['/t'], []]);
  await removeMount(engine.context, container, { target: '/t', lazy: false });
  assert.deepEqual([targets(container), engine.host.acts], [[], []]);
});
