import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { childrenOf } from './fixture.ts';
import { containerSteps } from './plans.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();

/** The credentials of a process. */
function rights(pid: number): string[] {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return status.split('\n').filter((line) => /^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp\w*):/.test(line));
}

const allowAll = Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]);

test('the init is pid 1 and has exactly the rights of the program', async () => {
  for (const ids of [{}, { uid: 1000, gid: 1001 }]) {
    await using shim = await fixture().spawn(
      containerSteps(
        fixture().container({
          ...ids,
          init: true,
          args: ['/bin/sleep', '100'],
          last: [{ step: 'no-new-privileges' }, { step: 'seccomp', filter: allowAll }],
        }),
      ),
    );
    const pid = await shim.started();
    const [program = 0] = childrenOf(pid);
    const own = rights(pid);
    assert.deepEqual(own, rights(program));
    assert.ok(own.includes('Seccomp:\t2') && own.includes('NoNewPrivs:\t1'), own.join('\n'));
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    assert.match(status, /^Name:\tliker-init$/m);
    assert.match(status, /^NSpid:\t\d+\t1$/m);
    assert.equal(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), 'liker-init\0--\0/bin/sleep\x00100\0');
    assert.deepEqual(readFileSync(`/proc/${pid}/environ`), readFileSync(`/proc/${program}/environ`));
    const fds = readdirSync(`/proc/${pid}/fd`)
      .sort((a, b) => Number(a) - Number(b))
      .map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    assert.deepEqual(
      fds.slice(0, 3),
      ['0', '1', '2'].map((fd) => readlinkSync(`/proc/${program}/fd/${fd}`)),
    );
    assert.match(fds.slice(3).join(' '), /^socket:\[\d+\]$/, 'and nothing else');
  }
});

test('a process of the container may inspect pid 1 and write to its output', async () => {
  const script =
    'echo main >/proc/1/fd/1; echo error >/proc/1/fd/2; tr "\\0" , </proc/1/environ; echo; ls /proc/1/root; sleep 100';
  for (const ids of [{}, { uid: 1000, gid: 1001 }]) {
    await using shim = await fixture().run(script, { ...ids, init: true, env: ['PATH=/bin', 'A=1'] });
    await shim.peer.outputMatches(/^main\nPATH=\/bin,A=1,\nbin\ndev\netc\n/);
    await shim.peer.outputMatches(/^error\n/, 0, 2);
    shim.peer.exec(1, fixture().execPlan('echo from exec >/proc/1/fd/1', ids));
    assert.equal((await shim.peer.exit(1)).code, 0, shim.peer.text(1, 2));
    await shim.peer.outputMatches(/from exec\n/);
  }
});

test('the init has no stdin open, so the writer notices that the program has closed it', async () => {
  await using shim = await fixture().run(
    'exec <&-; echo closed; sleep 100',
    { init: true },
    { openStdin: true },
  );
  await shim.peer.outputMatches(/closed/);
  shim.peer.stdin(0, 1n, 0n, 'nobody reads this');
  const ack = await shim.peer.until(
    (frame) => frame.type === 134 && frame.payload.readBigUInt64LE(8) === 2n ** 64n - 1n,
  );
  assert.ok(ack);
});

test('T1: the process that entered the namespaces runs from a sealed memfd, not from a file', async () => {
  await using shim = await fixture().run('readlink /proc/1/exe; echo x >/proc/1/exe; sleep 100', {
    init: true,
  });
  const pid = await shim.started();
  await shim.peer.outputMatches(/exe|denied|busy|permitted/i, 0, 2);
  assert.match(readlinkSync(`/proc/${pid}/exe`), /^\/memfd:liker-init/);
});

test('the init forwards signals and reports the status of its child', async () => {
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

test('the init reaps orphans, and the rest dies with it', async () => {
  const script = 'sh -c "sleep 0.1 & sleep 100 & :"; sleep 0.4; ps -o stat,comm; exit 6';
  await using shim = await fixture().run(script, { init: true });
  const pid = await shim.started();
  const exit = await shim.peer.exit();
  assert.equal(exit.code, 6);
  assert.doesNotMatch(shim.peer.text(), /^Z/m);
  assert.deepEqual(childrenOf(shim.pid), []);
  assert.deepEqual(childrenOf(pid), []);
});

test('a terminal works the same with and without an init', async () => {
  await using shim = await fixture().run('tty; stty size; echo $$', { init: true, tty: true });
  assert.equal((await shim.peer.exit()).code, 0);
  assert.match(shim.peer.text(), /^\/dev\/pts\/0\r\n24 80\r\n2\r\n$/);
});
