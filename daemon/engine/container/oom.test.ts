import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { firstChild } from '../../kernel/proc/processes.ts';
import type { EngineContext } from '../context.ts';
import type { Container } from './container.ts';
import { tellOomKills } from './oom.ts';

test('a kill whose victim the init has seen end already is told with that end', async () => {
  const told: unknown[] = [];
  const context = {
    ledger: { change: (...change: unknown[]) => told.push(change[2]) },
  } as unknown as EngineContext;
  const tell = (pid: number) => {
    const phase = { state: 'running', startedAt: 1, main: { pid, startTime: '1' }, shimPid: 1 };
    const spec = { init: true, namespaces: { pid: { kind: 'private' } } };
    const facts = { oomKills: 0, oomHitMain: false };
    tellOomKills(context, { phase, spec, facts } as unknown as Container, 1);
  };
  // In the place of the init: one without children, one with a child that lives.
  const childless = spawn('sleep', ['1000']);
  const parent = spawn('sh', ['-c', 'sleep 1000 & echo; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await once(parent.stdout, 'data');
    tell(childless.pid ?? 0);
    assert.deepEqual(told, []);
    tell(parent.pid ?? 0);
    assert.deepEqual(told, [{ action: 'oom', attributes: { count: '1', mainKilled: 'false' } }]);
  } finally {
    for (const pid of [childless.pid, firstChild(parent.pid ?? 0), parent.pid])
      if (pid) process.kill(pid, 'SIGKILL');
  }
});
