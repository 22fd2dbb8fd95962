import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { LeavingError } from '../../leaving.ts';
import { leave } from '../adopt/leave.ts';
import { startContainer } from '../verbs/start.ts';

test('if likerd exits before a start is stored, the next likerd frees the network namespace', async (t) => {
  const engine = EngineFixture.start(t);
  const { network } = engine.context;
  const shaped: unknown[] = [];
  t.mock.method(network, 'open', (path: string) => ({
    id: path,
    check: () => {},
    shape(rate: unknown) {
      shaped.push(rate);
      if (rate !== null) leave(engine.context);
      return [];
    },
    [Symbol.dispose]: () => {},
  }));
  const container = await engine.create({
    namespaces: { network: { kind: 'path', path: '/run/netns/a' } },
    resources: { network: { rateBits: 1000 } },
  });
  await assert.rejects(startContainer(engine.context, container), LeavingError);
  await engine.dies(t);
  assert.deepEqual(shaped, [{ rateBits: 1000, ceilBits: 1000 }, null]);
});
