import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { firstChild, isKilled } from '../../../kernel/proc/processes.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { tellOomKills } from './oom.ts';

interface Told {
  readonly facts: Container['facts'];
  readonly event: unknown;
}

/** A container that runs with `pid` in the place of its init, and what was told of it. */
function running(pid: number | undefined) {
  const container = {
    phase: { state: 'running', startedAt: 1, main: { pid: pid ?? 0, startTime: '1' }, shimPid: 1 },
    spec: { init: true, namespaces: { pid: { kind: 'private' } } },
    facts: { oomKills: 0, oomHitMain: false },
    run: {},
  } as unknown as Container;
  const told: Told[] = [];
  const context = {
    proc: { firstChild, isKilled },
    ledger: {
      change: (_: unknown, { facts }: { facts: Container['facts'] }, event: unknown) => {
        Object.assign(container, { facts: { ...container.facts, ...facts } });
        told.push({ facts, event });
      },
    },
  } as unknown as EngineContext;
  return { told, container, tell: () => tellOomKills(context, container, 1) };
}

/** In the place of an init: its child lives until it is killed. */
async function parentOf(script: string) {
  const parent = spawn('sh', ['-c', `${script} & echo; wait`], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(parent.stdout, 'data');
  return { pid: parent.pid ?? 0, child: firstChild(parent.pid ?? 0) ?? 0 };
}

const event = (mainKilled: boolean) => ({
  action: 'oom',
  attributes: { count: '1', mainKilled: String(mainKilled) },
});

test('an OOM kill whose victim has already been reported as exited is reported with that exit', () => {
  const childless = spawn('sleep', ['1000']);
  try {
    const { told, tell } = running(childless.pid);
    tell();
    assert.deepEqual(told, []);
  } finally {
    childless.kill('SIGKILL');
  }
});

test('an OOM kill that is counted before its signal is sent is not taken for the kill of a child', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { pid, child } = await parentOf('sleep 1000');
  try {
    const main = running(pid);
    main.tell();
    assert.deepEqual(main.told, [], 'nobody knows yet whom it hits');
    // Its parent does not reap it: it stays as it is while its end is under way.
    process.kill(pid, 'SIGSTOP');
    process.kill(child, 'SIGKILL');
    while (!readFileSync(`/proc/${child}/stat`, 'utf8').includes(') Z ')) await setImmediate();
    t.mock.timers.tick(500);
    assert.deepEqual(main.told, [{ facts: { oomKills: 1, oomHitMain: true }, event: event(true) }]);
  } finally {
    for (const id of [child, pid]) process.kill(id, 'SIGKILL');
  }
});

test('an OOM kill of a child is reported a moment later, but not for another run', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { pid, child } = await parentOf('sleep 1000');
  try {
    const [child1, again] = [running(pid), running(pid)];
    child1.tell();
    again.tell();
    again.container.run = {} as Container['run'];
    t.mock.timers.tick(500);
    assert.deepEqual(child1.told, [{ facts: { oomKills: 1, oomHitMain: false }, event: event(false) }]);
    assert.deepEqual(again.told, []);
  } finally {
    for (const id of [child, pid]) process.kill(id, 'SIGKILL');
  }
});
