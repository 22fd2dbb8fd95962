import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseSpec } from '../../../test/fake-engine.ts';
import { memoryLedger } from '../../../test/memory-ledger.ts';
import type { EngineContext } from '../../context.ts';
import { unseenExit } from '../../process/exit-status.ts';
import { Container } from '../model/container.ts';
import { Registry } from '../model/registry.ts';
import { pruneContainers } from './prune.ts';

test('one that is started, or removed by another call, meanwhile is passed over, and the rest is removed', async () => {
  const registry = new Registry();
  const [old, removed, started] = ['old', 'removed', 'started', 'young'].map((name) => {
    const spec = { ...baseSpec, name };
    const made = new Container({ id: name, createdAt: 0, spec, phase: { state: 'created' } });
    registry.add(made);
    return made;
  }) as [Container, Container, Container];
  Object.assign(old, { phase: { state: 'exited', exit: unseenExit(0, '', 1000) } });
  // The launch of another call, for which the removal has to wait.
  const launched = Promise.withResolvers<void>();
  void started.verbs.run(async () => {
    await launched.promise;
    Object.assign(started, {
      phase: { state: 'running', startedAt: 1, main: { pid: 1, startTime: '1' }, shimPid: 2 },
    });
  });
  const context = {
    registry,
    folders: {
      sizes: async (id: string) => {
        if (id === started.id) setImmediate(launched.resolve);
        if (id === removed.id) removed.removed = true;
        return { layerBytes: 10, logBytes: 1 };
      },
      remove: () => {},
    },
    ...memoryLedger(),
  } as unknown as EngineContext;

  const { ids, reclaimedBytes } = await pruneContainers(context, []);
  assert.deepEqual(ids, ['young', 'old']);
  assert.equal(reclaimedBytes, 22);
  assert.deepEqual(registry.all(), [started, removed]);
});
