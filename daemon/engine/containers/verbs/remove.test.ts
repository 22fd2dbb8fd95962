import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseSpec } from '../../../test/fake-engine.ts';
import { memoryLedger } from '../../../test/memory-ledger.ts';
import type { EngineContext } from '../../context.ts';
import { Container } from '../model/container.ts';
import { removeContainer } from './remove.ts';

test('a removal by force that fails is not begun any more, wherever it fails', async () => {
  const phase = { state: 'running', startedAt: 1, main: { pid: 1, startTime: '1' }, shimPid: 2 } as const;
  const container = new Container({ id: 'a', createdAt: 0, spec: baseSpec, phase });
  const kill = async () => {
    assert.equal(container.facts.begun?.verb, 'remove');
    throw new Error('EIO');
  };
  const context = {
    cgroups: { open: () => ({ kill }) },
    leaving: new AbortController(),
    ...memoryLedger(),
  } as unknown as EngineContext;
  await assert.rejects(removeContainer(context, container, { force: true }), /EIO/);
  assert.equal(container.facts.begun, null);
});
