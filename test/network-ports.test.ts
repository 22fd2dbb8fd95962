// Published ports, by what comes through: from the host, other containers, the container itself, and the outside.
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { NetBox } from './harness/net-box.ts';
import { asks, plain, serve, served } from './harness/ports.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

const box = await NetBox.open();
const outside = await box.host(9);
const { machine } = box;
const s = suite({
  within: machine.within,
  args: ['--default-network', 'bridge'],
  programs: ['ip', 'busybox', 'socat', 'ls'],
});
after(() => box.close());
afterEach(async () => {
  const left = (await s.ok(['ps', '-aq'])).split('\n').filter(Boolean);
  if (left.length > 0) await s.ok(['rm', '-f', ...left]);
});

async function server(
  name: string,
  flags: readonly string[],
  ports: readonly number[] = [80],
): Promise<string> {
  await s.detached(['--name', name, ...flags], serve(name, ports));
  await s.ok(['exec', name, ...served(ports)]);
  return s.ok(['inspect', '-f', '{{(index .NetworkSettings.Networks "bridge").IPAddress}}', name]);
}

const fromHost = (protocol: string, address: string, port: number): string =>
  plain(machine.sh(`${asks(protocol, address, port)} || true`));
const fromOutside = (protocol: string, address: string, port: number): string =>
  plain(outside.sh(`${asks(protocol, address, port)} || true`));

const gateway = '10.201.0.1';
const hasBridgeFilter = (): boolean => {
  try {
    return machine.sh('cat /proc/sys/net/bridge/bridge-nf-call-ip6tables') === '1';
  } catch {
    return false;
  }
};
const removed = (...names: string[]) => s.ok(['rm', '-f', ...names]);

inBothModes(
  'a port without an address is one of 127.0.0.1 and ::1, and nobody else reaches it',
  async ({ flags }) => {
    await server('web', [...flags, '-p', '8080:80', '-p', '8080:80/udp']);
    for (const protocol of ['tcp', 'udp']) {
      assert.equal(fromHost(protocol, '127.0.0.1', 8080), `web ${gateway}`, protocol);
      // Where br_netfilter takes it away (docs/networks.md), it is held all the same.
      const without = protocol === 'tcp' ? /^refused$/ : /^silence$/;
      assert.match(fromHost(protocol, '::1', 8080), hasBridgeFilter() ? without : /^web fd/, protocol);
      for (const address of [machine.v4, machine.v6]) {
        assert.equal(fromHost(protocol, address, 8080), 'refused', `${protocol} ${address}`);
        assert.equal(fromOutside(protocol, address, 8080), 'refused', `${protocol} ${address}`);
      }
    }
    assert.equal(await s.ok(['port', 'web', '80/tcp']), '127.0.0.1:8080\n[::1]:8080');
    await removed('web');
    assert.equal(fromHost('tcp', '127.0.0.1', 8080), 'refused');
  },
);

inBothModes(
  'a port of all addresses is reached from everywhere, and the container sees who it is',
  async ({ flags, userns }) => {
    const other = `other-${userns}`;
    await s.ok(['network', 'create', other]);
    const address = await server('web', [
      ...flags,
      '-p',
      '0.0.0.0:8081:80',
      '-p',
      '[::]:8081:80',
      '-p',
      '0.0.0.0:8081:80/udp',
    ]);
    for (const protocol of ['tcp', 'udp']) {
      assert.equal(fromOutside(protocol, machine.v4, 8081), `web ${outside.v4}`, protocol);
      assert.equal(fromHost(protocol, machine.v4, 8081), `web ${machine.v4}`, protocol);
      assert.equal(fromHost(protocol, '127.0.0.1', 8081), `web ${gateway}`, protocol);
      assert.equal(
        plain(await s.sh(flags, asks(protocol, machine.v4, 8081))),
        `web ${gateway}`,
        `${protocol}, a neighbour`,
      );
      assert.equal(
        plain(await s.ok(['exec', 'web', 'sh', '-c', asks(protocol, machine.v4, 8081)])),
        `web ${gateway}`,
        `${protocol}, itself`,
      );
      const away = await s.sh(
        [...flags, '--network', other],
        `${asks(protocol, machine.v4, 8081)}; ip -4 -o address show eth0`,
      );
      assert.equal(
        plain(away.split('\n')[0] ?? ''),
        `web ${/inet ([0-9.]+)/.exec(away)?.[1]}`,
        `${protocol}, another network`,
      );
    }
    assert.match(fromOutside('tcp', machine.v6, 8081), /^web 2001:0db8:.*:0009$/);
    // Past the port, nobody gets in.
    outside.sh(`ip route replace 10.201.0.0/16 via ${machine.v4}`);
    assert.equal(fromOutside('tcp', address, 80), 'silence');
    await removed('web');
    await s.ok(['network', 'rm', other]);
  },
);

test('ranges, as they are and shifted; chosen ports are never the same', async () => {
  await server('web', ['-p', '9000-9009:9000-9009', '-p', '9100-9102:9004-9006'], [9000, 9004, 9005, 9009]);
  for (const port of [9000, 9005, 9009, 9100, 9101])
    assert.equal(fromHost('tcp', '127.0.0.1', port), `web ${gateway}`, String(port));
  for (const port of [9010, 9103]) assert.equal(fromHost('tcp', '127.0.0.1', port), 'refused', String(port));
  const names = Array.from({ length: 5 }, (_, index) => `any-${index}`);
  await Promise.all(
    names.map((name) =>
      s.detached(['--name', name, '-p', '80', '-p', '81', '--expose', '82', '-P'], ['sleep', '1000']),
    ),
  );
  const chosen = await Promise.all(names.map((name) => s.ok(['port', name])));
  const numbers = chosen.flatMap((text) => [...text.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => port));
  assert.equal(numbers.length, 15);
  assert.equal(new Set(numbers).size, 15);
  await removed('web', ...names);
});

test('a taken port is refused, with who has it, and given to the next when it is free', async () => {
  machine.start(['socat', 'TCP-LISTEN:8090,fork', 'SYSTEM:true']);
  await machine.listens(8090);
  const refused = await s.run(['-p', '8090:80'], ['true']);
  assert.equal(refused.code, 125);
  assert.match(refused.stderr, /Cannot publish port 127\.0\.0\.1:8090\/tcp: 'socat' \(pid \d+\) has it/);
  await s.detached(['--name', 'first', '-p', '8091:80'], ['sleep', '1000']);
  const second = await s.run(['-p', '8091:80'], ['true']);
  assert.match(second.stderr, /Cannot publish port 127\.0\.0\.1:8091\/tcp: container 'first' has it/);
  // Programs of the host do not get it either.
  assert.match(
    machine.sh('socat -u - TCP-LISTEN:8091,reuseaddr,bind=127.0.0.1 </dev/null 2>&1 || true'),
    /Address already in use/,
  );
  await removed('first');
  assert.equal((await s.run(['-p', '8091:80'], ['true'])).code, 0);
});

test('no process of a container has the sockets that hold its ports', async () => {
  const sockets = async (flags: readonly string[]): Promise<number> => {
    const id = await s.detached(flags, ['sleep', '1000']);
    const shown = await s.ok(['exec', id, 'ls', '-l', '/proc/1/fd', '/proc/2/fd', '/proc/self/fd']);
    return shown.split('\n').filter((line) => line.includes('socket:')).length;
  };
  assert.equal(await sockets(['-p', '8092-8095:80-83']), await sockets([]));
});

test('a run can have the ports of one that has just ended', async () => {
  const ports = [{ hostPort: 8098, containerPort: 80 }];
  for (const [program, code] of [
    ['true', 0],
    ['/no/such/program', 127],
  ] as const)
    for (let round = 0; round < 40; round++)
      assert.equal((await s.api.run(s.spec([program], {}, { ports })).exit()).code, code);
});

test('ports go on while likerd is away, and after it; they end with their container', async () => {
  await server('web', ['-p', '0.0.0.0:8096:80']);
  await s.daemon.kill9();
  assert.equal(fromOutside('tcp', machine.v4, 8096), `web ${outside.v4}`);
  assert.match(
    machine.sh('socat -u - TCP-LISTEN:8096,reuseaddr </dev/null 2>&1 || true'),
    /Address already in use/,
  );
  await s.daemon.restart();
  assert.equal(fromOutside('tcp', machine.v4, 8096), `web ${outside.v4}`);
  assert.match((await s.run(['-p', '0.0.0.0:8096:80'], ['true'])).stderr, /Cannot publish port/);
  await removed('web');
  assert.equal(fromOutside('tcp', machine.v4, 8096), 'refused');
  assert.equal((await s.run(['-p', '0.0.0.0:8096:80'], ['true'])).code, 0);
});

test('ports come back within a second when somebody flushes the rules', async () => {
  await server('web', ['-p', '0.0.0.0:8097:80']);
  machine.sh('nft flush ruleset');
  await until('the port', () => fromOutside('tcp', machine.v4, 8097) === `web ${outside.v4}`);
  await removed('web');
});

test('rules do not grow with containers and ports, and nothing of them stays', async () => {
  const rules = () =>
    machine
      .sh('nft -s list ruleset')
      .split('\n')
      .filter((line) => /^\t\t\S/.test(line) && !/type|elements|flags/.test(line)).length;
  await s.detached(['--name', 'few'], ['sleep', '1000']);
  const before = rules();
  const elements = machine.sh('nft list maps | grep -c : || true');
  await s.detached(['--name', 'many', '-p', '9500-9599:9600-9699'], ['sleep', '1000']);
  assert.equal(rules(), before);
  await removed('few', 'many');
  assert.equal(machine.sh('nft list maps | grep -c : || true'), elements);
});

test('likerd --publish-default is where ports without an address are open', async () => {
  await s.daemon.restart(['--default-network', 'bridge', '--publish-default', machine.v4]);
  await server('web', ['-p', '8099:80', '-p', `[${machine.v6}]:8099:80`]);
  for (const address of [machine.v4, machine.v6])
    assert.match(fromOutside('tcp', address, 8099), /^web (198|2001)/, address);
  assert.equal(fromHost('tcp', '127.0.0.1', 8099), 'refused');
  await removed('web');
  await s.daemon.restart();
});

test('likerd ends without containers, and the host is as it was before the first', async () => {
  const host = () =>
    machine.sh(
      'ip -o link | sed "s/@.*//"; nft list tables; cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding; ip -6 route show table local | grep -c "^local ::1"',
    );
  await s.daemon.stop();
  const before = host();
  assert.doesNotMatch(before, /liker|: lb/);
  await s.daemon.restart();
  await s.run(['-p', '8098:80'], ['true']);
  assert.match(host(), /: lb[\s\S]*table inet liker/);
  await s.daemon.stop();
  assert.equal(host(), before);
  await s.daemon.restart();
});
