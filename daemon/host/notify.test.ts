import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openNotifier } from './notify.ts';

function recorder(env: NodeJS.ProcessEnv) {
  const sent: [string, string][] = [];
  const errors: unknown[] = [];
  const notifier = openNotifier({
    env,
    send: (socket, text) => {
      if (socket === '/gone') throw new Error('gone');
      sent.push([socket, text]);
    },
    onError: (error) => errors.push(error),
  });
  return { notifier, sent, errors, env };
}

test('notifies the manager when it is ready and when it stops', () => {
  const { notifier, sent, env } = recorder({ NOTIFY_SOCKET: '/run/notify', HOME: '/' });
  notifier.ready('serving');
  notifier.stopping();
  assert.deepEqual(sent[0], ['/run/notify', 'READY=1\nSTATUS=serving']);
  assert.match(sent[1]?.[1] ?? '', /^STOPPING=1\n/);
  assert.deepEqual(env, { HOME: '/' }, 'children do not inherit what is for the daemon');
});

test('without a manager nothing is sent', () => {
  const { notifier, sent } = recorder({});
  notifier.ready('serving');
  notifier.stopping();
  assert.deepEqual(sent, []);
});

test('feeds the watchdog at half its timeout, from ready until disposal', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { notifier, sent } = recorder({ NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '30000000' });
  const fed = (): number => sent.filter(([, text]) => text === 'WATCHDOG=1').length;
  t.mock.timers.tick(60_000);
  assert.equal(fed(), 0);
  notifier.ready('serving');
  t.mock.timers.tick(15_000);
  assert.equal(fed(), 1);
  t.mock.timers.tick(30_000);
  assert.equal(fed(), 3);
  notifier[Symbol.dispose]();
  t.mock.timers.tick(60_000);
  assert.equal(fed(), 3);
});

test('the watchdog of another process is not fed', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { notifier, sent } = recorder({ NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' });
  notifier.ready('serving');
  t.mock.timers.tick(1000);
  assert.equal(sent.length, 1);
});

test('a manager that is gone is reported, and likerd continues', () => {
  const { notifier, errors } = recorder({ NOTIFY_SOCKET: '/gone' });
  notifier.ready('serving');
  assert.equal(errors.length, 1);
});
