import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import { Container } from '../model/container.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { removeContainer } from './remove.ts';
import { stopContainer } from './stop.ts';

/** A container whose main process waits in the kernel. */
function stuck(): { container: Container; context: EngineContext; actions: string[] } {
  const spec = { name: 'web', stopSignal: 15, stopTimeoutSeconds: 0 } as ContainerSpec;
  const main = { pid: 1, startTime: '1' };
  const container = new Container({
    id: 'web',
    createdAt: 0,
    spec,
    phase: { state: 'running', startedAt: 1, main, shimPid: 2 },
  });
  container.changed.until = async () => false;
  const actions: string[] = [];
  const context = {
    cgroups: { open: () => ({ kill: async () => {} }) },
    leaving: new AbortController(),
    ledger: {
      change: (changed: Container, { facts }: { facts?: object }, event?: { action: string }) => {
        changed.facts = { ...changed.facts, ...facts };
        if (event) actions.push(event.action);
      },
    },
  } as unknown as EngineContext;
  return { container, context, actions };
}

for (const [verb, end] of [
  ['stop', (context, container) => stopContainer(context, container, { timeoutSeconds: 0, signal: null })],
  ['rm -f', (context, container) => removeContainer(context, container, { force: true })],
] satisfies [string, (context: EngineContext, container: Container) => Promise<void>][])
  test(`${verb} of a container that survives SIGKILL is an error, and nothing says that it ended`, async () => {
    const { container, context, actions } = stuck();
    await assert.rejects(
      end(context, container),
      (error) => error instanceof LikerError && /^Cannot end container 'web': .*SIGKILL/.test(error.message),
    );
    assert.deepEqual(actions, []);
    assert.equal(container.facts.begun, null);
  });
