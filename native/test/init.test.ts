import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { childrenOf } from './fixture.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();

test('the init is pid 1, holds nothing and may do nothing', async () => {
  await using shim = await fixture().run('sleep 100', { init: true });
  const pid = await shim.started();
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  assert.match(status, /^Name:\tliker-init$/m);
  assert.match(status, /^NSpid:\t\d+\t1$/m);
  assert.match(status, /^CapEff:\t0000000000000020$/m);
  assert.match(status, /^CapPrm:\t0000000000000020$/m);
  assert.match(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), /^liker-init\0/);
  assert.deepEqual(readdirSync(`/proc/${pid}/fd`), ['0']);
  assert.match(readlinkSync(`/proc/${pid}/fd/0`), /^pipe:/);
});

test('T1: the process that entered the namespaces runs from a sealed memfd, not from a file', async () => {
  await using shim = await fixture().run('readlink /proc/1/exe; echo x >/proc/1/exe; sleep 100', {
    init: true,
  });
  const pid = await shim.started();
  assert.match(readlinkSync(`/proc/${pid}/exe`), /^\/memfd:liker-shim/);
  await shim.peer.outputMatches(/exe|denied|busy|permitted/i, 0, 2);
});

test('the init forwards signals, and tells the status of its child', async () => {
  for (const [signal, name] of [
    [15, 'TERM'],
    [1, 'HUP'],
    [10, 'USR1'],
    [2, 'INT'],
  ] as const) {
    await using shim = await fixture().run(
      `trap 'echo ${name}; exit 42' ${name}; echo ready; while :; do sleep 0.05; done`,
      { init: true },
    );
    await shim.peer.outputMatches(/ready/);
    shim.peer.signal(0, signal);
    assert.equal((await shim.peer.exit()).code, 42);
    assert.match(shim.peer.text(), new RegExp(name));
  }
  await using shim = await fixture().run('sleep 100; true', { init: true, args: ['/bin/sleep', '100'] });
  await shim.started();
  shim.peer.signal(0, 15);
  const exit = await shim.peer.exit();
  assert.deepEqual([exit.code, exit.signal], [143, 15]);
});

test('the init reaps orphans, and what is left dies with it', async () => {
  const script = 'sh -c "sleep 0.1 & sleep 100 & :"; sleep 0.4; ps -o stat,comm; exit 6';
  await using shim = await fixture().run(script, { init: true });
  const pid = await shim.started();
  const exit = await shim.peer.exit();
  assert.equal(exit.code, 6);
  assert.doesNotMatch(shim.peer.text(), /^Z/m);
  assert.deepEqual(childrenOf(shim.pid), []);
  assert.deepEqual(childrenOf(pid), []);
});

test('with an init a terminal works as without', async () => {
  await using shim = await fixture().run('tty; stty size; echo $$', { init: true, tty: true });
  assert.equal((await shim.peer.exit()).code, 0);
  assert.match(shim.peer.text(), /^\/dev\/pts\/0\r\n24 80\r\n2\r\n$/);
});
