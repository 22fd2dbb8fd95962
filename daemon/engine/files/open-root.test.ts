import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EngineFixture } from '../../test/engine-fixture.ts';
import type { Container } from '../containers/model/container.ts';
import { removeContainer } from '../containers/verbs/remove.ts';
import { startContainer } from '../containers/verbs/start.ts';
import { type OpenFiles, openLayer, openRoot } from './open-root.ts';

const { signal } = new AbortController();

/** A helper of these files, which ends when `kill` is called, by the test that has seen that it must. */
function helperOf(files: OpenFiles, steps: string[]): { readonly kill: () => void } {
  const helper = Promise.withResolvers<void>();
  files.add(helper.promise);
  return {
    kill: () => {
      steps.push('helper ended');
      helper.resolve();
    },
  };
}

function aborted(files: OpenFiles): Promise<void> {
  return new Promise((resolve) => files.signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Its mounts are in `steps`. */
function holding(t: TestContext, engine: EngineFixture): string[] {
  const steps: string[] = [];
  t.mock.method(engine.host.processes, 'hold', async () => {
    steps.push('held');
    return {
      process: { pid: 7, startTime: '8' },
      [Symbol.asyncDispose]: async () => {
        steps.push('let go');
      },
    };
  });
  return steps;
}

async function startedAgain(engine: EngineFixture, container: Container, steps: string[]): Promise<void> {
  engine.host.onSpawn = (shim) => {
    steps.push('spawned');
    shim.start();
  };
  await startContainer(engine.context, container);
}

for (const [name, open] of [
  ['root', openRoot],
  ['layer', openLayer],
] as const)
  test(`a start ends the use of the ${name} of the last run, and waits until no helper is left`, async (t) => {
    const engine = EngineFixture.start(t);
    const container = await engine.started();
    const files = await open(engine.context, container, signal);
    const steps: string[] = [];
    const helper = helperOf(files, steps);
    await engine.ends(container);
    assert.equal(files.signal.aborted, false, 'what has ended can be read to the end');
    const start = startedAgain(engine, container, steps);
    await aborted(files);
    assert.match(files.signal.reason.message, /it has ended, and starts again; try again/);
    helper.kill();
    await start;
    assert.deepEqual(steps, ['helper ended', 'spawned']);
    await files[Symbol.asyncDispose]();
  });

test('a use that is over, or of the present run, is not ended', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const over = await openRoot(engine.context, container, signal);
  await over[Symbol.asyncDispose]();
  await engine.ends(container);
  await startContainer(engine.context, container);
  assert.equal(over.signal.aborted, false);
  const present = await openRoot(engine.context, container, signal);
  await startContainer(engine.context, container);
  assert.equal(present.signal.aborted, false);
  await present[Symbol.asyncDispose]();
});

test('a start waits for the use of a container that does not run', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  const steps = holding(t, engine);
  const files = await openRoot(engine.context, container, signal);
  const helper = helperOf(files, steps);
  const start = startedAgain(engine, container, steps);
  const disposed = files[Symbol.asyncDispose]();
  assert.deepEqual(steps, ['held']);
  helper.kill();
  await disposed;
  await start;
  assert.deepEqual(steps, ['held', 'helper ended', 'let go', 'spawned']);
  assert.equal(files.signal.aborted, false);
});

test('a forced removal waits for no client that uses a container that does not run', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  const steps = holding(t, engine);
  const files = await openRoot(engine.context, container, signal);
  const helper = helperOf(files, steps);
  const removal = removeContainer(engine.context, container, { force: true });
  assert.match(files.signal.reason.message, /it is being removed/);
  helper.kill();
  await removal;
  assert.ok(container.removed);
  assert.deepEqual(steps, ['held', 'helper ended', 'let go']);
  await files[Symbol.asyncDispose]();
});

test('a forced removal does not wait for uses that wait before it', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  const steps = holding(t, engine);
  const files = await openRoot(engine.context, container, signal);
  const next = openRoot(engine.context, container, signal);
  const removal = removeContainer(engine.context, container, { force: true });
  const refused = next.then((opened) => opened[Symbol.asyncDispose]().then(() => 'opened'));
  await assert.rejects(refused, /it is being removed/);
  await removal;
  assert.deepEqual(steps, ['held', 'let go']);
  await files[Symbol.asyncDispose]();
});

test('the removal of a container by itself, at its end, ends the use of its files', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.started({ autoRemove: true });
  await using files = await openRoot(engine.context, container, signal);
  await engine.ends(container);
  assert.ok(container.removed);
  assert.match(files.signal.reason.message, /it is being removed/);
});

test('a use that waits for its turn is not ended by the start before it', async (t) => {
  const engine = EngineFixture.start(t);
  const container = await engine.create();
  const start = startContainer(engine.context, container);
  await using files = await openRoot(engine.context, container, signal);
  await start;
  assert.equal(files.signal.aborted, false);
});
