// Published ports of an ordinary user's containers, by what comes through, from the host and from outside.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, afterEach, describe, test } from 'node:test';
import { ableVersion, pastaVersion } from '../daemon/kernel/network/pasta-ports.ts';
import { NetBox } from './harness/net-box.ts';
import { asks, plain, serve, served } from './harness/ports.ts';
import { isAlive, pids, readProc } from './harness/proc.ts';
import { requires, requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { TunnelForAll } from './harness/user-network.ts';

const { skip } = requiresProgram('newuidmap', 'newgidmap', 'useradd', 'setpriv', 'pasta', 'socat');
const tunnel = requires('/dev/net/tun', existsSync('/dev/net/tun'));

describe('ports of an ordinary user', { skip: skip || tunnel.skip, concurrency: 1 }, async () => {
  const box = await NetBox.open();
  const outside = await box.host(9);
  const { machine } = box;
  const tun = new TunnelForAll('nameserver 127.0.0.53\n');
  // Before the suite's end, which finds no process of the user.
  after(async () => {
    await box.close();
    tun[Symbol.dispose]();
  });
  const s = suite({
    ordinaryUser: true,
    within: [...machine.within, ...tun.within()],
    args: ['--default-network', 'pasta'],
    programs: ['busybox', 'socat', 'ls', 'cat'],
  });
  afterEach(async () => {
    const left = (await s.ok(['ps', '-aq'])).split('\n').filter(Boolean);
    if (left.length > 0) await s.ok(['rm', '-f', ...left]);
    assert.deepEqual(connectors(), []);
  });

  const version = pastaVersion('/usr/bin/pasta');
  /** An address of the container itself, by the version of pasta. */
  const fromLoopback = /^web (127\.0\.0\.1|10\.213\.0\.2)$/;
  const connectors = () =>
    pids().filter((pid) => isAlive(pid) && readProc(pid, 'cmdline').includes(`${s.daemon.run}/c/`));
  const fromHost = (protocol: string, address: string, port: number): string =>
    plain(machine.sh(`${asks(protocol, address, port)} || true`));
  const fromOutside = (protocol: string, address: string, port: number): string =>
    plain(outside.sh(`${asks(protocol, address, port)} || true`));

  async function server(
    name: string,
    flags: readonly string[],
    ports: readonly number[] = [80],
  ): Promise<void> {
    await s.detached(['--name', name, ...flags], serve(name, ports));
    await s.ok(['exec', name, ...served(ports)]);
  }
  const refusal = async (...flags: string[]): Promise<string> => {
    const { code, stderr } = await s.run(flags, ['true']);
    assert.equal(code, 125, stderr);
    return stderr;
  };

  for (const userns of ['host', 'keep-id'])
    test(`a port without an address is one of the loopback, and nobody else reaches it (--userns ${userns})`, async () => {
      await server('web', ['--userns', userns, '-p', '8080:1080', '-p', '1080:1080/udp'], [1080]);
      const both = version >= ableVersion;
      const places = both ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
      for (const [protocol, port] of [
        ['tcp', 8080],
        ['udp', 1080],
      ] as const) {
        for (const address of places)
          assert.match(fromHost(protocol, address, port), /^web \S+/, `${protocol} ${address}`);
        for (const address of [machine.v4, machine.v6]) {
          assert.equal(fromHost(protocol, address, port), 'refused', `${protocol} ${address}`);
          assert.equal(fromOutside(protocol, address, port), 'refused', `${protocol} ${address}`);
        }
      }
      assert.equal(
        await s.ok(['port', 'web', '1080']),
        both ? '127.0.0.1:8080\n[::1]:8080' : '127.0.0.1:8080',
      );
      const hosts = both ? ['127.0.0.1', '[::1]'] : ['127.0.0.1'];
      assert.equal(
        await s.ok(['ps', '--format', '{{.Ports}}']),
        [
          ...hosts.map((host) => `${host}:1080->1080/udp`),
          ...hosts.map((host) => `${host}:8080->1080/tcp`),
        ].join(', '),
      );
      assert.equal(
        await s.ok([
          'inspect',
          '-f',
          '{{(index (index .NetworkSettings.Ports "1080/tcp") 0).HostPort}}',
          'web',
        ]),
        '8080',
      );
      await s.ok(['rm', '-f', 'web']);
      assert.equal(fromHost('tcp', '127.0.0.1', 8080), 'refused');
    });

  test('a port of all addresses is reached from everywhere, and the container sees who it is', async () => {
    await server('web', ['-p', '0.0.0.0:8081:80', '-p', '0.0.0.0:8081:80/udp', '-p', '[::]:8082:80']);
    for (const protocol of ['tcp', 'udp']) {
      assert.equal(fromOutside(protocol, machine.v4, 8081), `web ${outside.v4}`, protocol);
      assert.equal(fromHost(protocol, machine.v4, 8081), `web ${machine.v4}`, protocol);
      const neighbour = plain(await s.sh([], asks(protocol, machine.v4, 8081)));
      assert.equal(neighbour, `web ${machine.v4}`, `${protocol}, a neighbour`);
    }
    assert.match(fromHost('tcp', '127.0.0.1', 8081), fromLoopback);
    assert.match(fromOutside('tcp', machine.v6, 8082), /^web 2001:0db8:.*:0009$/);
    assert.equal(fromOutside('tcp', machine.v4, 8082), 'refused');
  });

  test('ranges, as they are and shifted; chosen ports are never the same', async () => {
    await server('web', ['-p', '9000-9009:9000-9009', '-p', '9100-9102:9004-9006'], [9000, 9004, 9005, 9009]);
    for (const port of [9000, 9005, 9009, 9100, 9101])
      assert.match(fromHost('tcp', '127.0.0.1', port), fromLoopback, String(port));
    for (const port of [9010, 9103])
      assert.equal(fromHost('tcp', '127.0.0.1', port), 'refused', String(port));
    const names = Array.from({ length: 5 }, (_, index) => `any-${index}`);
    await Promise.all(
      names.map((name) =>
        s.detached(
          ['--name', name, '-p', '80', '-p', '9200-9209:81', '--expose', '82', '-P'],
          ['sleep', '1000'],
        ),
      ),
    );
    const chosen = await Promise.all(names.map((name) => s.ok(['port', name])));
    const numbers = chosen.flatMap((text) =>
      [...text.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => port),
    );
    assert.equal(numbers.length, 15);
    assert.equal(new Set(numbers).size, 15);
  });

  test('a taken port is refused before the start, with who has it', async () => {
    machine.start(['socat', 'TCP-LISTEN:8090,fork', 'SYSTEM:true']);
    machine.start(['socat', 'UDP-RECVFROM:8091,fork,reuseaddr', 'SYSTEM:true']);
    await machine.listens(8090);
    await machine.listens(8091, 'udp');
    for (const port of ['8090:80', '8091:8091/udp'])
      assert.match(
        await refusal('-p', port),
        /Cannot publish port 127\.0\.0\.1:809[01]\/(tcp|udp): another container or program has it/,
      );
    await s.detached(['--name', 'first', '-p', '8092:80', '-p', '8092:8092/udp'], ['sleep', '1000']);
    for (const port of ['8092:80', '0.0.0.0:8090-8095:90-95', '8092:8092/udp'])
      assert.match(
        await refusal('-p', port),
        /Cannot publish port \S+:8092\/(tcp|udp): container 'first' has it; choose another port/,
        port,
      );
  });

  test('of many that start at once with the same port, one gets it', async () => {
    const command = [s.rootfs, 'sleep', '1000'];
    const ended = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        s.likerctl(['run', '-d', '--name', `same-${index}`, '-p', '8093:80', ...command]),
      ),
    );
    const refused = ended.filter(({ code }) => code === 125);
    assert.equal(refused.length, 7);
    for (const { stderr } of refused)
      assert.match(stderr, /Cannot publish port 127\.0\.0\.1:8093\/tcp: container 'same-\d' has it/);
  });

  test('ports of root are refused, with what opens them', async () => {
    assert.match(
      await refusal('-p', '1000-1030:80-110'),
      /Cannot publish port 127\.0\.0\.1:1000\/tcp: only root may open ports below 1024; choose another port, or run 'sudo sysctl -w net\.ipv4\.ip_unprivileged_port_start=1000'/,
    );
    machine.sh('sysctl -qw net.ipv4.ip_unprivileged_port_start=80');
    await server('web', ['-p', '80:80']);
    assert.match(fromHost('tcp', '127.0.0.1', 80), fromLoopback);
  });

  test('what pasta cannot do is refused, with the reason', async () => {
    assert.match(
      await refusal('-p', '8094:80/sctp'),
      /Cannot publish ports: pasta has TCP and UDP, and no SCTP/,
    );
    assert.match(
      await refusal('-p', '127.0.0.1:8094:80', '-p', `${machine.v4}:8094:81`),
      /Cannot publish ports: pasta leads 8094\/tcp to the same port of the container at all addresses/,
    );
    if (version < ableVersion)
      assert.match(
        await refusal('-p', '8094:80/udp'),
        /Cannot publish ports: pasta before \S+ loses answers over UDP .*; publish 80:80\/udp, give an address/,
      );
    if (version < ableVersion)
      assert.match(
        await refusal('-p', '127.0.0.1:8094:80', '-p', `${machine.v4}:8094:80`),
        /Cannot publish ports: pasta before \S+ can have 8094\/tcp at one address only/,
      );
    assert.match(
      await refusal('--network', 'bridge', '-p', '8094:80'),
      /likerd runs without root.*leave --network out/,
    );
    const { stderr } = await s.likerctl(['network', 'create', 'blue']);
    assert.match(stderr, /likerd runs without root, which may connect nothing to the host/);
  });

  test('ports go on while likerd is away, and after it; a restart has them at once', async () => {
    await server('web', ['-p', '0.0.0.0:8096:80']);
    await s.daemon.kill9();
    assert.equal(fromOutside('tcp', machine.v4, 8096), `web ${outside.v4}`);
    await s.daemon.restart();
    assert.equal(fromOutside('tcp', machine.v4, 8096), `web ${outside.v4}`);
    assert.match(await refusal('-p', '0.0.0.0:8096:80'), /container 'web' has it/);
    for (let round = 0; round < 3; round += 1) {
      await s.ok(['restart', '-t', '0', 'web']);
      await s.ok(['exec', 'web', ...served([80])]);
      assert.equal(fromOutside('tcp', machine.v4, 8096), `web ${outside.v4}`);
    }
    await s.ok(['rm', '-f', 'web']);
    assert.equal(fromOutside('tcp', machine.v4, 8096), 'refused');
  });

  test('a start that fails has no port left, and explain says who leads it', async () => {
    const { code } = await s.run(['-p', '8097:80'], ['no-such-program']);
    assert.equal(code, 127);
    assert.equal((await s.run(['-p', '8097:80'], ['true'])).code, 0);
    await s.ok(['create', '--name', 'planned', '-p', '0.0.0.0:8097:80', s.rootfs, 'true']);
    const plan = await s.ok(['explain', 'planned']);
    assert.match(plan, /pasta: 0\.0\.0\.0:8097 to 80\/tcp/);
    assert.match(plan, /other machines reach its port 80\/tcp at 0\.0\.0\.0:8097/);
  });

  test('the host is reached by its address, which host-gateway stands for; the own name is the own address', async () => {
    machine.start(['socat', `TCP-LISTEN:7000,bind=${machine.v4},fork`, 'SYSTEM:echo the host']);
    await machine.listens(7000);
    const flags = ['--add-host', 'host.internal:host-gateway', '--hostname', 'me'];
    const hosts = await s.sh(flags, 'cat /etc/hosts; socat -t 5 - TCP4:host.internal:7000');
    assert.match(
      hosts,
      new RegExp(`^${machine.v4}\thost.internal\n${machine.v6}\thost.internal\nthe host$`, 'm'),
    );
    assert.match(hosts, /^10\.213\.0\.2\tme$/m);
  });
});
