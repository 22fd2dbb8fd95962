// The step `connect`: its requests, and what is left when one is refused.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connection, type Endpoint } from '../../daemon/kernel/network/endpoint.ts';
import { ensureBridge, removeLink } from '../../daemon/kernel/network/links.ts';
import { cloneFlag, type StepOf } from '../../daemon/kernel/plan/steps.ts';
import { inOwnNetwork } from '../../test/harness/own-network.ts';
import { until } from '../../test/harness/until.ts';
import { startTime, type TestShim } from './fixture.ts';
import { privateNamespaces, userNamespaceSteps } from './plans.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();
const { EINVAL, EADDRINUSE, ENOENT, EEXIST } = constants.errno;

type Connect = StepOf<'connect'>;

function connect(endpoints: readonly Endpoint[], changes: Partial<Connect> = {}): Connect {
  return { step: 'connect', resolver: '', containerId: 'box', ...connection(endpoints), ...changes };
}

const bridge = (): Promise<number> =>
  ensureBridge({
    name: 'lb0',
    alias: 'liker:0:net',
    mtu: 1400,
    addresses: [
      { address: '10.9.0.1', prefix: 24 },
      { address: 'fd00:9::1', prefix: 64 },
    ],
  });

let count = 0;

async function endpoint(number: number, changes: Partial<Endpoint> = {}): Promise<Endpoint> {
  return {
    number,
    mac: `02:00:00:00:00:0${number + 2}`,
    mtu: 1400,
    addresses: [
      { address: `10.9.0.${number + 2}`, prefix: 24 },
      { address: `fd00:9::${number + 2}`, prefix: 64 },
    ],
    gateways: number === 0 ? ['10.9.0.1', 'fd00:9::1'] : [],
    // A namespace whose container has ended may live a moment longer.
    link: { kind: 'bridge', index: await bridge(), name: `lv${++count}`, alias: 'liker:0:box' },
    ...changes,
  };
}

function run(script: string, step: Connect): Promise<TestShim> {
  return fixture().run(script, { beforePivot: [step] });
}

/** ip -json, in the namespace of a process. */
function ip(pid: number, ...args: readonly string[]): Record<string, unknown>[] {
  const command = [`--net=/proc/${pid}/ns/net`, 'ip', '-json', '-detail', ...args];
  return JSON.parse(execFileSync('nsenter', command, { encoding: 'utf8' })) as Record<string, unknown>[];
}

const links = (pid: number) => ip(pid, 'link').map(({ ifname }) => String(ifname));
/** The end of a veth in this namespace. */
const near = () => `lv${count}`;
const noLink = () => until(`no ${near()}`, () => !links(process.pid).includes(near()));

inOwnNetwork(import.meta.filename, () => {
  describe('connect', { concurrency: 1 }, () => {
    test('a container has its interfaces, addresses and routes before its program runs', async () => {
      const step = connect([await endpoint(0), await endpoint(1)]);
      await using shim = await run('sleep 100', step);
      const pid = await shim.started();
      assert.deepEqual(links(pid), ['lo', 'eth0', 'eth1']);
      const [eth0] = ip(pid, 'address', 'show', 'eth0');
      assert.deepEqual(
        { address: eth0?.['address'], mtu: eth0?.['mtu'], state: eth0?.['operstate'] },
        { address: '02:00:00:00:00:02', mtu: 1400, state: 'UP' },
      );
      const addresses = eth0?.['addr_info'] as Record<string, unknown>[];
      const shown = addresses.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
      assert.deepEqual(shown.slice(0, 2), ['10.9.0.2/24', 'fd00:9::2/64']);
      assert.ok(
        addresses.every((one) => one['tentative'] === undefined),
        'no address waits for detection of duplicates',
      );
      const routes = [...ip(pid, 'route'), ...ip(pid, '-6', 'route')];
      const gateways = routes.filter(({ dst }) => dst === 'default').map(({ gateway }) => gateway);
      assert.deepEqual(gateways, ['10.9.0.1', 'fd00:9::1']);
      const [port] = ip(process.pid, 'address', 'show', near());
      assert.deepEqual(
        {
          alias: port?.['ifalias'],
          master: port?.['master'],
          mtu: port?.['mtu'],
          addresses: port?.['addr_info'],
        },
        { alias: 'liker:0:box', master: 'lb0', mtu: 1400, addresses: [] },
      );
    });

    test('its first packet arrives: the bridge and its port forward when the program begins', async () => {
      for (let round = 0; round < 10; round++) {
        // With its first port, the bridge itself comes to life.
        await removeLink('lb0');
        await using shim = await run(
          'ping -c 1 -W 1 10.9.0.1 && ping -c 1 -W 1 fd00:9::1',
          connect([await endpoint(0)]),
        );
        await shim.peer.exit();
        const times = [...shim.peer.text().matchAll(/time=([0-9.]+) ms/g)].map(([, ms]) => Number(ms));
        assert.ok(times.length === 2 && Math.max(...times) < 500, `round ${round}: ${shim.peer.text()}`);
      }
    });

    test('in a user namespace of its own, too', async () => {
      const container = fixture().container({ args: ['/bin/sh', '-c', 'sleep 100'], init: true });
      const steps = userNamespaceSteps({ layer: fixture().newLayer(), ...container });
      const at = steps.findIndex(({ step }) => step === 'loopback');
      steps.splice(at, 1, connect([await endpoint(0)]));
      await using shim = await fixture().spawn(steps, { cloneFlags: privateNamespaces | cloneFlag.user });
      const pid = await shim.started();
      assert.deepEqual(links(pid), ['lo', 'eth0']);
      assert.equal(ip(pid, 'route')[0]?.['gateway'], '10.9.0.1');
    });

    test('a container in the pid namespace of another, which enters it last, too', async () => {
      await using other = await run('sleep 100', connect([]));
      const first = await other.started();
      const pidOf = { pid: first, startTime: startTime(first) };
      const options = { pidOf, beforePivot: [connect([await endpoint(0)])] };
      const cloneFlags = privateNamespaces & ~cloneFlag.pid;
      await using shim = await fixture().run('sleep 100', options, { cloneFlags, joinPid: pidOf });
      const pid = await shim.started();
      assert.equal(readlinkSync(`/proc/${pid}/ns/pid`), readlinkSync(`/proc/${pidOf.pid}/ns/pid`));
      assert.deepEqual(links(pid), ['lo', 'eth0']);
      const refused = {
        ...options,
        beforePivot: [connect([await endpoint(0, { gateways: ['10.77.0.1'] })])],
      };
      await using failing = await fixture().run('true', refused, { cloneFlags, joinPid: pidOf });
      assert.equal((await failing.peer.failed()).name, 'connect');
      await failing.ended();
      await noLink();
    });

    test('the veth goes with the container', async () => {
      await using shim = await run('true', connect([await endpoint(0)]));
      await shim.peer.exit();
      await noLink();
    });

    test('an interface whose network has no IPv6 has no address of IPv6 at all', async () => {
      const v4 = await endpoint(0, { addresses: [{ address: '10.9.0.2', prefix: 24 }], gateways: [] });
      await using shim = await run('sleep 100', connect([v4]));
      const pid = await shim.started();
      const families = ip(pid, 'address').map(
        ({ ifname, addr_info }) =>
          `${ifname} ${(addr_info as { family: string }[]).map(({ family }) => family).join(' ')}`,
      );
      assert.deepEqual(families, ['lo inet inet6', 'eth0 inet']);
    });

    test('a refused request is told in its words and those of the kernel, and nothing is left', async () => {
      const one = await endpoint(0);
      const noBridge = { ...one, link: { ...one.link, index: 9999 } };
      const cases: readonly (readonly [Connect, { errno: number; call: string; object: RegExp }])[] = [
        [connect([noBridge]), { errno: EINVAL, call: 'netlink', object: /^bridge port lv\d+/ }],
        [
          connect([{ ...one, gateways: ['10.77.0.1'] }]),
          {
            errno: constants.errno.ENETUNREACH,
            call: 'netlink',
            object: /^default route through 10\.77\.0\.1: Nexthop has invalid gateway$/,
          },
        ],
        [
          connect([one], { sysctls: [['net/ipv6/nosuch', '1']] }),
          { errno: ENOENT, call: 'open', object: /nosuch/ },
        ],
        [
          connect([one], { resolver: join(fixture().folder, 'nobody.sock'), containerId }),
          { errno: ENOENT, call: 'connect', object: /nobody\.sock$/ },
        ],
      ];
      for (const [step, { object, ...expected }] of cases) {
        await using shim = await run('true', step);
        const { errno, call, name, object: found } = await shim.peer.failed();
        assert.deepEqual({ errno, call, name }, { ...expected, name: 'connect' });
        assert.match(found, object);
        await shim.ended();
        await noLink();
      }
    });

    test('an interface of that name on the host is in the way', async () => {
      const step = connect([await endpoint(0)]);
      execFileSync('ip', ['link', 'add', near(), 'type', 'veth', 'peer', 'name', 'other']);
      try {
        await using shim = await run('true', step);
        const { errno, object } = await shim.peer.failed();
        assert.deepEqual({ errno, object }, { errno: EEXIST, object: `veth ${near()} and eth0` });
      } finally {
        execFileSync('ip', ['link', 'delete', near()]);
      }
    });

    test('the resolver gets both sockets of the namespace and a pidfd, and the program none', async () => {
      await using resolver = await startResolver(0);
      const step = connect([], { resolver: resolver.socket, containerId });
      await using shim = await run('readlink /proc/self/ns/net; ls -l /proc/self/fd/', step);
      await shim.peer.exit();
      const namespace = shim.peer.text().split('\n', 1)[0] ?? '';
      // Port 53 is moved there, where the kernel can.
      const at = '127\\.0\\.0\\.11:(53|61053)';
      await resolver.says(
        new RegExp(`${containerId} ${at} ${at} listening ${namespace.replace(/[[\]]/g, '\\$&')} pidfd\n$`),
      );
      assert.match(shim.peer.text(), /pipe:/);
      assert.doesNotMatch(shim.peer.text(), /socket:/);
      const own = readdirSync(`/proc/${shim.pid}/fd`).map((fd) => tryLink(`/proc/${shim.pid}/fd/${fd}`));
      assert.ok(!own.some((file) => file.startsWith('net:')), 'the shim holds no network namespace');
    });

    test('a resolver that refuses is told', async () => {
      await using resolver = await startResolver(EADDRINUSE);
      await using shim = await run('true', connect([], { resolver: resolver.socket, containerId }));
      const { errno, call, object } = await shim.peer.failed();
      assert.deepEqual(
        { errno, call, object },
        { errno: EADDRINUSE, call: 'connect', object: resolver.socket },
      );
    });
  });
});

const containerId = '0123456789abcdef'.repeat(4);

/** A program that takes one hand-over, tells what it got, and answers with this byte. */
async function startResolver(answer: number) {
  const socket = join(fixture().shimSettings().runDir, 'resolver.sock');
  const child = spawn('python3', ['-c', resolverScript, socket, String(answer)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise((resolve) => child.once('close', resolve));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const says = (text: RegExp) =>
    until(`the resolver to say ${text}`, () => text.test(output)).catch(() => assert.match(output, text));
  await says(/^ready\n/);
  return {
    socket,
    says,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function tryLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

const resolverScript = `
import os, socket, struct, sys, fcntl
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(1)
print('ready', flush=True)
peer, _ = server.accept()
data, ancillary, _, _ = peer.recvmsg(256, 256)
length, kind = struct.unpack('<Ic', data[:5])
assert kind == b'O' and len(data) == 4 + length, data
*fds, process = struct.unpack('3i', ancillary[0][2])
udp, tcp = (socket.socket(fileno=fd) for fd in fds)
assert udp.type == socket.SOCK_DGRAM and tcp.type == socket.SOCK_STREAM
namespace = fcntl.ioctl(udp.fileno(), 0x894c)
name = os.readlink(f'/proc/self/fd/{namespace}')
listening = 'listening' if tcp.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) else 'idle'
where = lambda one: '%s:%d' % one.getsockname()
kind = 'pidfd' if 'pidfd' in os.readlink(f'/proc/self/fd/{process}') else 'other'
print(data[5:].decode(), where(udp), where(tcp), listening, name, kind, flush=True)
peer.send(bytes([int(sys.argv[2])]))
`;
