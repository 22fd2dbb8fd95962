// The private networks of an ordinary user's containers. All of it is in a network namespace that the test makes: nothing is sent
// from the machine.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Daemon } from './harness/daemon.ts';
import { likerctl } from './harness/likerctl.ts';
import { NetBox } from './harness/net-box.ts';
import { isAlive, pids, readProc } from './harness/proc.ts';
import { requires, requiresProgram } from './harness/requires.ts';
import { until } from './harness/until.ts';
import { User } from './harness/user.ts';
import { TunnelForAll } from './harness/user-network.ts';

const { skip } = requiresProgram('newuidmap', 'newgidmap', 'useradd', 'setpriv', 'pasta', 'socat');
const tunnel = requires('/dev/net/tun', existsSync('/dev/net/tun'));

describe('a private network of an ordinary user', { skip: skip || tunnel.skip }, async () => {
  let user: User;
  let daemon: Daemon;
  let rootfs = '';
  const box = await NetBox.open();
  const { machine } = box;
  const address = machine.v4;
  const tun = new TunnelForAll('nameserver 127.0.0.53\nsearch example.net\n');

  const startDaemon = (more?: string) =>
    user.startDaemon({
      within: [...machine.within, ...tun.within(more)],
      args: ['--default-network', 'pasta'],
    });

  before(async () => {
    user = await User.add();
    daemon = await startDaemon();
    rootfs = join(user.home, 'rootfs');
    const built = await likerctl(daemon, ['rootfs', 'build', rootfs, '--with', 'socat']);
    assert.equal(built.code, 0, built.stderr);
    machine.start(['socat', 'TCP6-LISTEN:7000,ipv6only=0,fork', 'SYSTEM:read line; echo reached']);
    machine.start(['socat', 'TCP-LISTEN:7001,bind=127.0.0.1,fork', 'SYSTEM:echo the loopback of the host']);
    machine.start(['socat', 'UDP-RECVFROM:53,bind=127.0.0.53,fork', 'SYSTEM:echo a name']);
    for (const port of [7000, 7001]) await machine.listens(port);
    await machine.listens(53, 'udp');
  });
  after(async () => {
    await daemon?.destroy();
    await user?.remove();
    await box.close();
    tun[Symbol.dispose]();
  });

  const run = (flags: readonly string[], script: string) =>
    likerctl(daemon, ['run', '--rm', ...flags, rootfs, 'bash', '-c', script]);
  const connectors = () =>
    pids().filter((pid) => isAlive(pid) && readProc(pid, 'cmdline').includes(`${daemon.run}/c/`));
  const fetchText = (host: string, port: number) =>
    `exec 3<>/dev/tcp/${host}/${port} && echo x >&3 && cat <&3`;

  test('reaches the outside from the first instruction, the host by its address, and not its loopback', async () => {
    for (const place of [address, machine.v6]) {
      const host = await run([], fetchText(place, 7000));
      assert.deepEqual([host.code, host.stdout], [0, 'reached\n'], `${place}: ${host.stderr}`);
    }
    const routes = await run([], 'cat /proc/net/route');
    assert.match(
      routes.stdout,
      /^eth0\t0000D50A\t00000000(\t\d+){4}\t00FFFFFF\t/m,
      'its network is 10.213.0.0/24',
    );
    for (const loopback of ['127.0.0.1', '10.213.0.1']) {
      const { code, stdout } = await run([], `timeout 3 bash -c '${fetchText(loopback, 7001)}'`);
      // Refused, or 124: no answer.
      assert.ok(code === 1 || code === 124, `${loopback}: ${code}`);
      assert.equal(stdout, '', loopback);
    }
  });

  test("a name server on the host's loopback is reached by an address inside", async () => {
    // As a resolver asks: again if a datagram is lost, since socat drops some while it forks.
    const script = `cat /etc/resolv.conf; server=$(sed -n "s/nameserver //p" /etc/resolv.conf)
      for try in 1 2 3 4 5; do answer=$(echo x | socat -t1 - UDP:$server:53); [ -z "$answer" ] || break; done; echo "$answer"`;
    const { stdout, stderr } = await run([], script);
    assert.equal(stdout, 'nameserver 10.213.0.3\nsearch example.net\na name\n', stderr);
  });

  test('--network none has a loopback interface only, and container:NAME the network of the other', async () => {
    assert.equal((await run(['--network', 'none'], 'ls /sys/class/net')).stdout, 'lo\n');
    const started = await likerctl(daemon, ['run', '-d', '--name', 'first', rootfs, 'sleep', '1000']);
    assert.equal(started.code, 0, started.stderr);
    const shared = await run(['--network', 'container:first'], fetchText(address, 7000));
    assert.equal(shared.stdout, 'reached\n', shared.stderr);
    const listed = await likerctl(daemon, ['top', 'first']);
    assert.doesNotMatch(listed.stdout, /pasta/);
    const removed = await likerctl(daemon, ['rm', '-f', 'first']);
    assert.equal(removed.code, 0, removed.stderr);
  });

  test('what connects it goes on without likerd, ends with the container, and is ended for it if the shim is lost', async () => {
    const start = () => likerctl(daemon, ['run', '-d', '--name', 'web', rootfs, 'sleep', '1000']);
    const { code, stderr } = await start();
    assert.equal(code, 0, stderr);
    assert.equal(connectors().length, 1);
    await daemon.kill9();
    assert.equal(connectors().length, 1);
    await daemon.start();
    const reached = await likerctl(daemon, ['exec', 'web', 'bash', '-c', fetchText(address, 7000)]);
    assert.equal(reached.code, 0, reached.stderr);
    await likerctl(daemon, ['rm', '-f', 'web']);
    assert.deepEqual(connectors(), []);
    await start();
    const [connector = 0] = connectors();
    const shim = Number(/^PPid:\s+(\d+)/m.exec(readProc(connector, 'status'))?.[1]);
    assert.equal(readProc(shim, 'comm').trim(), 'liker-shim');
    process.kill(shim, 'SIGKILL');
    await until('the shim to be missed', async () =>
      /shim was lost|orphaned/i.test((await likerctl(daemon, ['ps', '-a'])).stdout + daemon.log),
    );
    await likerctl(daemon, ['rm', '-f', 'web']);
    await until('the end of what connected it', () => connectors().length === 0);
  });

  /** What was told of the container's network, in order. */
  const told = async (container: string): Promise<string[]> => {
    const { stdout } = await likerctl(daemon, [
      ...['events', '--since', '1', '--until', '0s', '--filter', `container=${container}`],
      ...['--format', '{{.Action}} {{.Actor.Attributes.error}}'],
    ]);
    return stdout.split('\n').filter((line) => line.startsWith('network-'));
  };
  const reaches = async (container: string): Promise<void> => {
    const reached = await likerctl(daemon, ['exec', container, 'bash', '-c', fetchText(address, 7000)]);
    assert.deepEqual([reached.code, reached.stdout], [0, 'reached\n'], reached.stderr);
  };

  test('what connects it is started again when it ends, which is told, also by the next likerd', async () => {
    const serve = ['socat', 'TCP-LISTEN:80,fork', 'SYSTEM:echo served'];
    const flags = ['run', '-d', '--name', 'mended', '-p', '0.0.0.0:7080:80'];
    const { code, stderr } = await likerctl(daemon, [...flags, rootfs, ...serve]);
    assert.equal(code, 0, stderr);
    const [first = 0] = connectors();
    process.kill(first, 'SIGKILL');
    await until('it to be there again', async () => (await told('mended')).length === 2);
    assert.deepEqual(await told('mended'), [
      'network-lost it was killed by signal 9',
      'network-restored <no value>',
    ]);
    await reaches('mended');
    assert.equal(machine.sh(`socat -t 5 - TCP:${address}:7080`), 'served');

    await daemon.kill9();
    const [second = 0] = connectors();
    assert.notEqual(second, first);
    process.kill(second, 'SIGKILL');
    await until('another one', () => connectors().some((pid) => pid !== second));
    await daemon.start();
    await until('what happened meanwhile', async () => (await told('mended')).length === 4);
    await reaches('mended');
    assert.match(daemon.log, /what connects a container's network has ended/);
    assert.equal((await likerctl(daemon, ['rm', '-f', 'mended'])).code, 0);
    assert.deepEqual(connectors(), []);
  });

  test('if it cannot be started again, that is told, too, and tried until it can', async () => {
    const flags = ['run', '-d', '--name', 'taken', '-p', '0.0.0.0:7081:80'];
    const { code, stderr } = await likerctl(daemon, [...flags, rootfs, 'sleep', '1000']);
    assert.equal(code, 0, stderr);
    const [connector = 0] = connectors();
    const shim = Number(/^PPid:\s+(\d+)/m.exec(readProc(connector, 'status'))?.[1]);
    process.kill(shim, 'SIGSTOP');
    process.kill(connector, 'SIGKILL');
    await until('its end', () => !isAlive(connector));
    const thief = machine.start(['socat', 'TCP-LISTEN:7081,bind=0.0.0.0', 'SYSTEM:cat']);
    await machine.listens(7081);
    process.kill(shim, 'SIGCONT');
    await until('the second reason', async () => (await told('taken')).length === 2);
    assert.match((await told('taken'))[1] ?? '', /^network-lost .*7081/);
    thief.kill('SIGKILL');
    await until('it to be there again', async () => (await told('taken')).length === 3, {
      deadlineMs: 60_000,
    });
    assert.match((await told('taken'))[2] ?? '', /^network-restored/);
    await reaches('taken');
    await likerctl(daemon, ['rm', '-f', 'taken']);
  });

  test('a start that fails leaves nothing', async () => {
    const { code } = await likerctl(daemon, ['run', '--rm', rootfs, 'no-such-program']);
    assert.equal(code, 127);
    assert.deepEqual(connectors(), []);
  });

  test('without pasta it has a loopback interface only, and info says why', async () => {
    const other = await startDaemon('mount --bind /dev/null /usr/bin/pasta');
    try {
      const { stdout } = await likerctl(other, ['run', '--rm', rootfs, 'ls', '/sys/class/net']);
      assert.equal(stdout, 'lo\n');
      const info = await likerctl(other, ['info']);
      assert.match(
        info.stdout,
        /networks have a loopback interface only: pasta is missing; run 'sudo apt-get install passt'/,
      );
    } finally {
      await other.destroy();
    }
  });
});
