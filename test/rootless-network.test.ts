// The private networks of an ordinary user's containers. All of it is in a network namespace that the test makes: nothing is sent
// from the machine.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Daemon } from './harness/daemon.ts';
import { likerctl } from './harness/likerctl.ts';
import { isAlive, pids, readProc } from './harness/proc.ts';
import { requires, requiresProgram } from './harness/requires.ts';
import { until } from './harness/until.ts';
import { User } from './harness/user.ts';

const { skip } = requiresProgram(
  'newuidmap',
  'newgidmap',
  'useradd',
  'setpriv',
  'pasta',
  'socat',
  'ip',
  'nsenter',
);
const tunnel = requires('/dev/net/tun', existsSync('/dev/net/tun'));

const address = '10.99.0.2';

/** A network with a route to nowhere, a name server on the loopback, and a tunnel device that anybody may open. */
const outside = (folder: string): string => `
  mknod -m 666 ${folder}/tun c 10 200 2>/dev/null
  mount --bind ${folder}/tun /dev/net/tun
  mount --bind ${folder}/resolv.conf /etc/resolv.conf
  ip link set lo up
  ip link add up0 type veth peer name up1
  ip link set up1 up
  ip address add ${address}/24 dev up0
  ip link set up0 up
  ip route add default via 10.99.0.1
  exec "$@"`;

describe('a private network of an ordinary user', { skip: skip || tunnel.skip }, () => {
  let user: User;
  let daemon: Daemon;
  let rootfs = '';
  const folder = mkdtempSync(join(tmpdir(), 'lkn-'));
  const servers: ChildProcess[] = [];

  const startDaemon = (more = '') =>
    user.startDaemon({
      asRoot: ['unshare', '-mn', '--propagation', 'private', 'sh', '-c', `${more}${outside(folder)}`, 'sh'],
    });

  /** Answers in the daemon's network. Resolves when it listens. */
  const serve = async (listen: string, text: string): Promise<void> => {
    const inNetwork = ['-t', String(daemon.pid), '-n', 'socat', '-d', '-d', listen, `SYSTEM:echo ${text}`];
    const server = spawn('nsenter', inNetwork, { stdio: ['ignore', 'ignore', 'pipe'] });
    servers.push(server);
    let said = '';
    server.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await until(`${listen} to listen`, () => /listening on|receiving|recvfrom/i.test(said) || undefined);
  };

  before(async () => {
    writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.53\nsearch example.net\n');
    chmodSync(folder, 0o755);
    user = await User.add();
    daemon = await startDaemon();
    rootfs = join(user.home, 'rootfs');
    const built = await likerctl(daemon, ['rootfs', 'build', rootfs, '--with', 'socat']);
    assert.equal(built.code, 0, built.stderr);
    await serve(`TCP-LISTEN:7000,bind=${address},fork,reuseaddr`, 'reached');
    await serve('TCP-LISTEN:7001,bind=127.0.0.1,fork,reuseaddr', 'the loopback of the host');
    await serve('UDP-RECVFROM:53,bind=127.0.0.53,fork,reuseaddr', 'a name');
  });
  after(async () => {
    for (const server of servers) server.kill('SIGKILL');
    await daemon?.destroy();
    await user?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (flags: readonly string[], script: string) =>
    likerctl(daemon, ['run', '--rm', ...flags, rootfs, 'bash', '-c', script]);
  const connectors = () =>
    pids().filter((pid) => isAlive(pid) && readProc(pid, 'cmdline').includes(`${daemon.run}/c/`));
  const fetchText = (host: string, port: number) => `exec 3<>/dev/tcp/${host}/${port} && cat <&3`;

  test('reaches the outside from the first instruction, the host by its address, and not its loopback', async () => {
    const host = await run([], fetchText(address, 7000));
    assert.deepEqual([host.code, host.stdout], [0, 'reached\n'], host.stderr);
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
    assert.equal(
      reached.code,
      0,
      'the new likerd has another network, and the container the one of its start',
    );
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
