import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import { baseSpec } from '../../../test/fake-engine.ts';
import { memoryLedger } from '../../../test/memory-ledger.ts';
import type { EngineContext } from '../../context.ts';
import type { NewEvent } from '../../journal/event.ts';
import { Container } from '../model/container.ts';
import { removeContainer } from './remove.ts';
import { stopContainer } from './stop.ts';

/** A container whose main process waits in the kernel. */
function stuck(): { container: Container; context: EngineContext; events: NewEvent[] } {
  const spec = { ...baseSpec, stopTimeoutSeconds: 0 };
  const main = { pid: 1, startTime: '1' };
  const container = new Container({
    id: 'web',
    createdAt: 0,
    spec,
    phase: { state: 'running', startedAt: 1, main, shimPid: 2 },
  });
  container.changed.until = async () => false;
  const memory = memoryLedger();
  const context = {
    cgroups: { open: () => ({ kill: async () => {} }) },
    leaving: new AbortController(),
    ...memory,
  } as unknown as EngineContext;
  return { container, context, events: memory.events };
}

for (const [verb, end] of [
  ['stop', (context, container) => stopContainer(context, container, { timeoutSeconds: 0, signal: null })],
  ['rm -f', (context, container) => removeContainer(context, container, { force: true })],
] satisfies [string, (context: EngineContext, container: Container) => Promise<void>][])
  test(`${verb} of a container that survives SIGKILL is an error, and nothing says that it ended`, async () => {
    const { container, context, events } = stuck();
    await assert.rejects(
      end(context, container),
      (error) => error instanceof LikerError && /^Cannot end container 'web': .*SIGKILL/.test(error.message),
    );
    assert.deepEqual(events, []);
    assert.equal(container.facts.begun, null);
  });
