// Life after a failure: a killed shim, a restart of the machine, daemons beside each other, and shims of other versions.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { repository } from './harness/daemon.ts';
import { connectedTo, throughLikerd } from './harness/direct.ts';
import { isAlive } from './harness/proc.ts';
import { reboot } from './harness/reboot.ts';
import { requiresCgroups } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { takeOverShim } from './harness/take-over-shim.ts';
import { until } from './harness/until.ts';

// A daemon that is started meanwhile inherits this process's terminals.
const s = suite({ mayKeep: ['/dev/ptmx'] });

const stateOf = async (name: string) => (await s.inspect(name)).State;
const becomes = (name: string, status: string) =>
  until(`${name} to be ${status}`, async () => (await stateOf(name)).Status === status);

async function actions(name: string): Promise<string[]> {
  const lines = await s.ok([
    'events',
    '--since',
    '0',
    '--until',
    '0s',
    '--filter',
    `container=${name}`,
    '--format',
    '{{.Action}}',
  ]);
  return lines.split('\n').filter(Boolean);
}

async function killShim(name: string): Promise<number> {
  const { Pid, ShimPid } = await stateOf(name);
  process.kill(ShimPid, 'SIGKILL');
  await becomes(name, 'orphaned');
  assert.ok(isAlive(Pid), 'the container goes on');
  return Pid;
}

describe('kill -9 of a shim', { concurrency: 1 }, () => {
  test(
    'of a paused container leaves an orphan that can be stopped and removed',
    requiresCgroups('pause'),
    async () => {
      await s.detached(['--name', 'paused'], ['sleep', '1000']);
      await s.ok(['pause', 'paused']);
      const pid = await killShim('paused');
      assert.match(await s.ok(['ps', '--filter', 'name=paused']), /Orphaned/);
      assert.ok((await actions('paused')).includes('orphaned'));
      await s.ok(['stop', '-t', '1', 'paused']);
      assert.ok(!isAlive(pid));
      await s.ok(['rm', 'paused']);
    },
  );

  test('ends its exec sessions, with the reason', async () => {
    await s.detached(['--name', 'execs'], ['sleep', '1000']);
    const exec = s.start(['exec', 'execs', 'sh', '-c', 'echo ready; exec sleep 1000']);
    await exec.waitFor('ready');
    await killShim('execs');
    const { code, stderr } = await exec.outcome;
    assert.equal(code, 125);
    assert.match(stderr, /^likerctl: The shim of container 'execs' was lost, .*\n$/);
    const { stderr: again } = await s.likerctl(['exec', 'execs', 'true']);
    assert.match(again, /Cannot exec in container 'execs': its shim was lost/);
    await s.ok(['rm', '-f', 'execs']);
  });

  test('with a restart policy: the container restarts once its process has exited', async () => {
    await s.detached(['--name', 'again', '--restart', 'always'], ['sleep', '1000']);
    const pid = await killShim('again');
    process.kill(pid, 'SIGKILL');
    await becomes('again', 'running');
    assert.notEqual((await stateOf('again')).Pid, pid);
    await s.ok(['rm', '-f', 'again']);
  });

  test('while no daemon is running', async () => {
    await s.detached(['--name', 'away'], ['sleep', '1000']);
    await s.detached(['--name', 'both'], ['sleep', '1000']);
    const [away, both] = [await stateOf('away'), await stateOf('both')];
    await s.daemon.kill9();
    for (const pid of [away.ShimPid, both.ShimPid, both.Pid]) process.kill(pid, 'SIGKILL');
    await s.daemon.start();
    assert.equal((await stateOf('away')).Status, 'orphaned');
    const { Status, ExitCode, Error: text } = await stateOf('both');
    assert.deepEqual([Status, ExitCode], ['exited', 255]);
    assert.match(text, /shim was lost/);
    await s.ok(['kill', 'away']);
    await becomes('away', 'exited');
    await s.ok(['rm', 'away', 'both']);
  });

  test('a hung shim delays neither the next daemon nor its own removal', async () => {
    await s.detached(['--name', 'hangs'], ['sleep', '1000']);
    const { ShimPid } = await stateOf('hangs');
    await s.daemon.kill9();
    process.kill(ShimPid, 'SIGSTOP');
    await s.daemon.start();
    assert.equal((await stateOf('hangs')).Status, 'orphaned');
    process.kill(ShimPid, 'SIGCONT');
    await s.ok(['rm', '-f', 'hangs']);
  });
});

for (const env of [throughLikerd, { LIKER_BYTES: 'direct' }]) {
  test(`a lost connection to a shim is restored, and its client continues (${env.LIKER_BYTES})`, async () => {
    const isDirect = env !== throughLikerd;
    const running = s.start(
      ['run', '-i', '--rm', '--name', 'cut', s.rootfs, 'sh', '-c', 'echo ready; cat; echo end'],
      { stdin: 'open', env },
    );
    await running.waitFor('ready');
    const { Pid, ShimPid } = await stateOf('cut');
    if (isDirect) await connectedTo(ShimPid);
    await takeOverShim(s, (await s.inspect('cut')).Id);
    if (!isDirect) await running.waitFor('reconnected');
    await becomes('cut', 'running');
    assert.equal((await stateOf('cut')).Pid, Pid);
    running.write('typed\n');
    running.closeStdin();
    assert.equal((await running.outcome).stdout, 'ready\ntyped\nend\n');
  });
}

test('after a reboot, containers are exited or restarted according to their policy', async () => {
  const policies = ['no', 'on-failure', 'always', 'unless-stopped'];
  for (const policy of policies)
    for (const kind of ['up', 'stopped'])
      await s.detached(['--name', `${kind}-${policy}`, '--restart', policy], ['sleep', '1000']);
  await s.ok(['stop', '-t', '0', ...policies.map((policy) => `stopped-${policy}`)]);
  await reboot(s.daemon);
  const wanted = {
    'up-no': 'exited',
    'up-on-failure': 'running',
    'up-always': 'running',
    'up-unless-stopped': 'running',
    'stopped-no': 'exited',
    'stopped-on-failure': 'exited',
    'stopped-always': 'running',
    'stopped-unless-stopped': 'exited',
  };
  for (const [name, status] of Object.entries(wanted)) await becomes(name, status);
  assert.equal((await stateOf('up-no')).ExitCode, 255);
  // The stop was undone, so the restart policy applies again.
  const { Pid } = await stateOf('stopped-always');
  process.kill(Pid, 'SIGKILL');
  await until('another life', async () => {
    const state = await stateOf('stopped-always');
    return state.Status === 'running' && state.Pid !== Pid;
  });
  // After adoption, a lost shim no longer counts as lost by the reboot.
  await killShim('up-always');
  await s.ok(['rm', '-f', ...Object.keys(wanted)]);
});

test('a restart that failed after a boot is retried after the next boot', async () => {
  const rootfs = join(s.folder('late'), 'mounted-late');
  symlinkSync(s.rootfs, rootfs);
  await s.ok(['run', '-d', '--name', 'late', '--restart', 'unless-stopped', rootfs, 'sleep', '1000']);
  await s.ok(['create', '--name', 'never', '--restart', 'always', s.rootfs, 'no-such-command']);
  assert.equal((await s.likerctl(['start', 'never'])).code, 1);
  rmSync(rootfs);
  await reboot(s.daemon);
  await becomes('late', 'exited');
  assert.match((await stateOf('late')).Error, /mounted-late/);
  symlinkSync(s.rootfs, rootfs);
  await reboot(s.daemon);
  await becomes('late', 'running');
  assert.equal((await stateOf('never')).Status, 'exited');
  await s.ok(['rm', '-f', 'late', 'never']);
});

function second(root: string, run: string, socket: string): Promise<{ code: unknown; stderr: string }> {
  const [file = '', ...words] = s.command('bin/likerd');
  const folders = ['--root', root, '--run', run, '--socket', socket];
  return new Promise((resolve) => {
    execFile(file, [...words, ...folders], (error, _stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stderr }),
    );
  });
}

test('a second likerd on the same root, run folder or socket is refused, and the error names the first', async () => {
  const other = (name: string) => join(s.folder('second'), name);
  rmSync(join(s.daemon.root, 'likerd.pid'), { force: true });
  const tries = [
    [s.daemon.root, other('run'), other('socket')],
    [other('root'), s.daemon.run, other('socket')],
    [other('root'), other('run'), s.daemon.socket],
  ] as const;
  for (const [root, run, socket] of tries) {
    const { code, stderr } = await second(root, run, socket);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^likerd: .*pid ${s.daemon.pid}\\b.*\\n$`));
  }
  assert.equal(await s.sh([], 'echo well'), 'well');
});

describe('a shim of another version', { concurrency: 1 }, () => {
  const build = (protocol: number): string => {
    const file = `build/liker-shim-protocol-${protocol}`;
    execFileSync('make', ['-s', '-C', join(repository, 'native'), file]);
    return s.command(join('native', file)).at(-1) ?? '';
  };

  /** A likerd that adopts it has not started it, since a start sends no HELLO. */
  async function startedBy(shim: string, flags: readonly string[]): Promise<void> {
    await s.daemon.restart([], { LIKER_SHIM: shim });
    await s.detached(['--name', 'older', ...flags], ['sleep', '1000']);
    await s.daemon.restart();
  }

  for (const protocol of [0, 2])
    test(`with protocol ${protocol} is reported and listed, and can be killed`, async () => {
      await startedBy(build(protocol), []);
      assert.equal((await stateOf('older')).Status, 'orphaned');
      assert.match(
        readFileSync(join(s.daemon.home, 'likerd.log'), 'utf8'),
        new RegExp(`speaks protocol ${protocol}, this likerd 1`),
      );
      assert.match(await s.ok(['ps']), /Orphaned/);
      await s.ok(['kill', 'older']);
      await becomes('older', 'exited');
      await s.ok(['rm', 'older']);
    });

  test('with the same protocol is adopted, and a shell on it continues', async () => {
    await s.daemon.restart([], { LIKER_SHIM: build(1) });
    const env = throughLikerd;
    await using terminal = s.terminal(['run', '-it', '--rm', s.rootfs, 'bash', '--norc'], { env });
    await terminal.waitForText(/#$/);
    await terminal.run('kept=yes; echo $$', /2\r\n/);
    await s.daemon.restart();
    await terminal.waitForText('reconnected');
    await terminal.run('echo $kept $$', /yes 2\r\n/);
    // This shim does not announce the look-up step, so another process looks up the user.
    await terminal.run('echo web:x:1000:1001::/srv:/bin/sh >/etc/passwd; echo www:x:33:web >/etc/group', /#/);
    const older = (await s.ok(['ps', '-q'])).trim();
    const script = 'echo $(id -u) $(id -g) $(id -G) $HOME';
    assert.equal(await s.ok(['exec', '-u', 'web', older, 'sh', '-c', script]), '1000 1001 1001 33 /srv');
    const { stderr } = await s.likerctl(['exec', '-u', 'nobody', older, 'true']);
    assert.match(stderr, /Unknown user 'nobody'/);
    terminal.type('exit 4\r');
    assert.equal(await terminal.end(), 4);
  });
});
