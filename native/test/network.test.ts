// The program that connects a container's network (pasta), with scripts in its place. It has the path of the namespace as its last
// argument, and its pid beside it in network.pid, as the shim expects.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isAlive, parentOf } from '../../test/harness/proc.ts';
import { until } from '../../test/harness/until.ts';
import type { TestShim } from './fixture.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();
const { ENETDOWN } = constants.errno;

/** Says that it is connected, and goes on in the background. $ns is the path of the namespace, $run the folder that it is in. */
const connects = 'sleep 1000 2>&1 >/dev/null & echo $! >$run/network.pid';
const waits = { afterPivot: [{ step: 'await-network' }] } as const;

/** A container that runs `script` once the network program, which runs `program`, has connected it. */
function start(program: string, script = 'sleep 100', options: object = waits): Promise<TestShim> {
  const file = join(fixture().folder, `program-${Math.random()}`);
  const prepare = 'for ns; do :; done; run=$(dirname $ns); exec 7>&2 2>>$run/errors; ';
  writeFileSync(file, `#!/bin/sh\n${prepare}${program}\n`, { mode: 0o755 });
  const own = fixture().shimSettings();
  return fixture().run(
    script,
    options,
    {},
    { ...own, network: [file, '--one', join(own.runDir, 'network')] },
  );
}

const read = (shim: TestShim, name: string) => readFileSync(join(shim.runDir, name), 'utf8');
const pidIn = (shim: TestShim, name = 'network.pid') => Number(read(shim, name));
const gone = (pid: number) => until(`the end of ${pid}`, () => !isAlive(pid));

describe('the program of the network', { concurrency: 1 }, () => {
  test("finds the main process's namespace bound to a file, in a mount namespace of its own, before the main process goes on", async () => {
    const note =
      'stat -Lc %i $ns >$run/seen; readlink /proc/self/ns/mnt >$run/mnt; echo "$*" >$run/arguments';
    await using shim = await start(
      `${note}; ls -l /proc/self/fd >$run/fds; sleep 0.2; ${connects}`,
      'exec sleep 100',
    );
    const pid = await shim.started();
    const namespace = readlinkSync(`/proc/${pid}/ns/net`);
    assert.notEqual(namespace, readlinkSync('/proc/self/ns/net'));
    assert.equal(namespace, `net:[${read(shim, 'seen').trim()}]`);
    assert.equal(read(shim, 'arguments'), `--one ${shim.runDir}/network\n`);
    assert.notEqual(read(shim, 'mnt').trim(), readlinkSync('/proc/self/ns/mnt'));
    assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(shim.runDir));
    assert.equal(parentOf(pidIn(shim)), shim.pid, 'what it leaves is adopted by the shim');
    // Beside the standard ones, and 7, which this script has made of its stderr: ls's own and those of the script.
    assert.doesNotMatch(read(shim, 'fds'), /socket:|pidfd|memfd/);
  });

  test('ends with the main process, and so does its file', async () => {
    await using shim = await start(connects);
    await shim.started();
    const connector = pidIn(shim);
    assert.ok(isAlive(connector) && existsSync(join(shim.runDir, 'network')));
    shim.peer.signal(0, 9);
    await shim.peer.exit();
    await gone(connector);
    assert.equal(existsSync(join(shim.runDir, 'network')), false);
  });

  test('a failure ends the start, with what the program has said, on one line', async () => {
    await using shim = await start('printf "no route\\nto anywhere\\n" >&7; exit 3');
    const { errno, name, call, object } = await shim.peer.failed();
    assert.deepEqual([errno, name, call, object], [ENETDOWN, 'network', 'exec', 'no route to anywhere']);
    assert.equal(existsSync(join(shim.runDir, 'network')), false);
  });

  test('so does one that a signal ends, one that is missing, and one that says too much', async () => {
    const said = async (program: string): Promise<string> => {
      await using shim = await start(program);
      const { errno, name, object } = await shim.peer.failed();
      assert.deepEqual([errno, name], [ENETDOWN, 'network']);
      return object;
    };
    assert.equal(await said('kill -9 $$'), '');
    assert.match(await said('head -c 60000 /dev/zero | tr "\\0" x >&7; exit 1'), /^x{50,4000}$/);
    const own = fixture().shimSettings();
    const network = ['/no/such/program', join(own.runDir, 'network')];
    await using shim = await fixture().run('true', waits, {}, { ...own, network });
    const { errno, object } = await shim.peer.failed();
    assert.deepEqual([errno, object], [ENETDOWN, 'execve: ENOENT']);
  });

  test('a main process that is killed while the program connects takes it along', async () => {
    await using shim = await start('echo $$ >$run/starter; exec sleep 1000', 'true');
    await until(
      'the program',
      () => existsSync(join(shim.runDir, 'starter')) && read(shim, 'starter') !== '',
    );
    const starter = pidIn(shim, 'starter');
    assert.equal(parentOf(starter), shim.pid);
    shim.peer.signal(0, 9);
    await gone(starter);
    assert.equal(existsSync(join(shim.runDir, 'network')), false);
  });

  test('a pid file that names a process of others does no harm to that one', async () => {
    const other: ChildProcess = spawn('sleep', ['1000']);
    try {
      for (const pid of [String(other.pid), '-1', '0', '1', 'x', '']) {
        await using shim = await start(`printf '%s' '${pid}' >$run/network.pid`);
        await shim.started();
        shim.peer.signal(0, 9);
        assert.equal((await shim.peer.exit()).signal, 9, pid);
      }
      assert.ok(isAlive(other.pid ?? 0));
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('a main process that does not wait for it starts meanwhile', async () => {
    await using shim = await start('exec sleep 1000', 'echo goes on; sleep 100', {});
    await shim.started();
    await shim.peer.outputMatches(/goes on/);
    const [starter = 0] = [...(await childrenNamed(shim, 'sleep'))];
    assert.ok(starter > 0);
    shim.peer.signal(0, 9);
    await shim.peer.exit();
    await gone(starter);
  });
});

async function childrenNamed(shim: TestShim, name: string): Promise<number[]> {
  return until(`a child named ${name}`, () => {
    const children = readFileSync(`/proc/${shim.pid}/task/${shim.pid}/children`, 'utf8').trim().split(' ');
    const named = children.map(Number).filter((pid) => {
      return readFileSync(`/proc/${pid}/comm`, 'utf8') === `${name}\n` && parentOf(pid) === shim.pid;
    });
    return named.length > 0 && named;
  });
}
