import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import { startTime } from '../../../native/test/fixture.ts';
import { inOwnNetwork } from '../../../test/harness/own-network.ts';
import { until } from '../../../test/harness/until.ts';
import { forgetAddresses } from './conntrack.ts';
import { connectLive, disconnectLive, type Endpoint, setDefaultRoutes } from './endpoint.ts';
import { hostRoutes, uplinkMtu } from './host-routes.ts';
import { cutLink, ensureBridge, linkNamed, linkProblem, ownLinks, removeLink } from './links.ts';

const bridge = {
  name: 'lb0',
  alias: 'liker:0:net',
  mtu: 1400,
  addresses: [
    { address: '10.9.0.1', prefix: 24 },
    { address: 'fd00:9::1', prefix: 64 },
  ],
};

const ip = (...args: readonly string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

interface Holder extends AsyncDisposable {
  readonly pid: number;
  readonly startTime: string;
  ip(...args: readonly string[]): string;
}

/** A process in a network namespace of its own, as a container's. */
async function startHolder(): Promise<Holder> {
  const child = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const own = readlinkSync('/proc/self/ns/net');
  await until('the namespace', () => readlinkSync(`/proc/${pid}/ns/net`) !== own);
  return {
    pid,
    startTime: startTime(pid),
    ip: (...args) =>
      execFileSync('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', ...args], { encoding: 'utf8' }),
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function endpoint(number: number, changes: Partial<Endpoint> = {}): Promise<Endpoint> {
  return {
    number,
    mac: '02:00:00:00:00:07',
    mtu: 1400,
    addresses: [{ address: '10.9.0.7', prefix: 24 }],
    gateways: ['10.9.0.1'],
    link: { kind: 'bridge', index: await ensureBridge(bridge), name: 'lv7', alias: 'liker:0:box' },
    ...changes,
  };
}

inOwnNetwork(import.meta.filename, () => {
  describe('links', { concurrency: 1 }, () => {
    test('a bridge is made once, with its addresses, and gives the host no routes', async () => {
      const index = await ensureBridge(bridge);
      assert.deepEqual(await linkNamed('lb0'), {
        index,
        name: 'lb0',
        alias: 'liker:0:net',
        kind: 'bridge',
        master: 0,
        mtu: 1400,
        mac: (await linkNamed('lb0'))?.mac,
        isUp: true,
      });
      assert.match(
        ip('address', 'show', 'lb0'),
        /inet 10\.9\.0\.1\/24 brd 10\.9\.0\.255[\s\S]*inet6 fd00:9::1\/64/,
      );
      assert.equal(readFileSync('/proc/sys/net/ipv6/conf/lb0/accept_ra', 'latin1'), '0\n');
      assert.match(ip('-d', 'link', 'show', 'lb0'), /mcast_snooping 0/);
      assert.equal(await ensureBridge(bridge), index);
      assert.deepEqual(
        (await ownLinks('liker:0:')).map(({ name }) => name),
        ['lb0'],
      );
      assert.deepEqual(await ownLinks('liker:1:'), []);
    });

    test('a bridge that somebody has changed is mended', async () => {
      const index = await ensureBridge(bridge);
      ip('link', 'set', 'lb0', 'down');
      ip('address', 'flush', 'dev', 'lb0');
      assert.equal(await ensureBridge(bridge), index);
      assert.match(ip('address', 'show', 'lb0'), /state UNKNOWN|state UP|state DOWN/);
      assert.match(ip('address', 'show', 'lb0'), /UP.*[\s\S]*inet 10\.9\.0\.1\/24[\s\S]*inet6 fd00:9::1\/64/);
    });

    test('its MAC address is the same with and without ports, and whenever it is made again', async () => {
      await ensureBridge(bridge);
      const mac = (await linkNamed('lb0'))?.mac;
      assert.match(mac ?? '', /^02:/);
      ip('link', 'add', 'port', 'type', 'veth', 'peer', 'name', 'other');
      ip('link', 'set', 'port', 'address', '00:00:00:00:00:01', 'master', 'lb0');
      assert.equal((await linkNamed('lb0'))?.mac, mac);
      await removeLink('port');
      await removeLink('lb0');
      assert.equal(await linkNamed('lb0'), null);
      await removeLink('lb0');
      await ensureBridge(bridge);
      assert.equal((await linkNamed('lb0'))?.mac, mac);
    });

    test('a container that runs is connected and disconnected', async () => {
      await using holder = await startHolder();
      await connectLive(holder, await endpoint(2));
      assert.match(holder.ip('address'), /eth2@.*state UP[\s\S]*inet 10\.9\.0\.7\/24/);
      assert.match(holder.ip('route'), /default via 10\.9\.0\.1 dev eth2/);
      holder.ip('link', 'set', 'lo', 'up');
      execFileSync('nsenter', [
        `--net=/proc/${holder.pid}/ns/net`,
        'busybox',
        'ping',
        '-c1',
        '-W1',
        '10.9.0.1',
      ]);
      await setDefaultRoutes(holder, []);
      assert.doesNotMatch(holder.ip('route'), /default/);
      await setDefaultRoutes(holder, ['10.9.0.1']);
      await setDefaultRoutes(holder, ['10.9.0.9']);
      assert.match(holder.ip('route'), /^default via 10\.9\.0\.9 dev eth2 proto static \n10/);
      await disconnectLive(holder, 2);
      assert.doesNotMatch(holder.ip('link'), /eth2/);
      assert.equal(await linkNamed('lv7'), null);
      await disconnectLive(holder, 2);
    });

    test('a container without IPv6 is connected to a network that has it, and the other way round', async () => {
      await using holder = await startHolder();
      const v4 = { address: '10.9.0.7', prefix: 24 };
      const v6 = { address: 'fd00:9::7', prefix: 64 };
      const of = async (number: number, addresses: Endpoint['addresses']) => {
        const { link, ...rest } = await endpoint(number);
        assert.equal(link.kind, 'bridge');
        return { ...rest, addresses, gateways: [], link: { ...link, name: `lv${number}` } };
      };
      await connectLive(holder, await of(0, [v4]));
      assert.doesNotMatch(holder.ip('address', 'show', 'eth0'), /inet6/);
      await connectLive(holder, await of(1, [v6]));
      assert.match(holder.ip('address', 'show', 'eth1'), /inet6 fd00:9::7\/64/);
      await connectLive(holder, await of(2, [v4]));
      assert.doesNotMatch(holder.ip('address', 'show', 'eth2'), /inet6/);
    });

    test('a connection that fails half way leaves nothing', async () => {
      await using holder = await startHolder();
      const bad = await endpoint(0, { gateways: ['10.77.0.1'] });
      await assert.rejects(
        connectLive(holder, bad),
        /Cannot connect 'default route through 10\.77\.0\.1: Nexthop has invalid gateway': netlink failed with ENETUNREACH/,
      );
      assert.doesNotMatch(holder.ip('link'), /eth0/);
      assert.equal(await linkNamed('lv7'), null);
    });

    test('what an ended container leaves is down at once, and its name is free', async () => {
      const holder = await startHolder();
      await connectLive(holder, await endpoint(0));
      const index = (await linkNamed('lv7'))?.index;
      await cutLink('lv7');
      assert.equal(await linkNamed('lv7'), null);
      const [left] = (await ownLinks('liker:0:box')).filter((link) => link.index === index);
      assert.deepEqual({ isUp: left?.isUp, name: left?.name.slice(0, 2) }, { isUp: false, name: 'lx' });
      await using next = await startHolder();
      await connectLive(next, await endpoint(0));
      await holder[Symbol.asyncDispose]();
      await until('the kernel to remove it', async () => (await ownLinks('liker:0:box')).length === 1);
      await cutLink('nosuch');
    });

    test('a container that has ended cannot be connected', async () => {
      const holder = await startHolder();
      await holder[Symbol.asyncDispose]();
      await assert.rejects(connectLive(holder, await endpoint(0)), { reason: 'WRONG_STATE' });
    });

    test('a link of macvlan is born in the container', async () => {
      ip('link', 'add', 'parent', 'type', 'veth', 'peer', 'name', 'wire');
      try {
        await using holder = await startHolder();
        const parent = (await linkNamed('parent'))?.index ?? 0;
        await connectLive(holder, await endpoint(0, { link: { kind: 'macvlan', parent, mode: 'bridge' } }));
        assert.match(
          holder.ip('-d', 'address', 'show', 'eth0'),
          /02:00:00:00:00:07[\s\S]*macvlan mode bridge/,
        );
      } finally {
        ip('link', 'delete', 'parent');
      }
    });

    test('what this kernel can make is known', () => {
      const has = (kind: string): boolean => {
        try {
          ip('link', 'add', 'probe', 'link', 'lb0', 'type', kind);
          ip('link', 'delete', 'probe');
          return true;
        } catch {
          return false;
        }
      };
      for (const kind of ['bridge', 'veth'] as const) assert.equal(linkProblem(kind), '');
      for (const kind of ['macvlan', 'ipvlan'] as const)
        assert.equal(linkProblem(kind) === '', has(kind), kind);
    });

    test("the host's routes, and the MTU of its way out", async () => {
      assert.equal(await uplinkMtu(), 1500);
      ip('link', 'add', 'out', 'mtu', '1380', 'type', 'veth', 'peer', 'name', 'isp', 'mtu', '1380');
      ip('link', 'set', 'isp', 'up');
      ip('link', 'set', 'out', 'up');
      try {
        ip('address', 'add', '192.0.2.2/24', 'dev', 'out');
        ip('route', 'add', 'default', 'via', '192.0.2.1');
        ip('route', 'add', '10.64.0.0/10', 'via', '192.0.2.1', 'table', '77');
        const routes = await hostRoutes();
        assert.deepEqual(
          routes
            .filter(({ link }) => link === 'out')
            .map(({ destination }) => destination)
            .sort(),
          ['10.64.0.0/10', '192.0.2.0/24', 'fe80::/64'],
        );
        assert.equal(await uplinkMtu(), 1380);
        ip('route', 'replace', 'default', 'via', '192.0.2.1', 'mtu', '1300');
        assert.equal(await uplinkMtu(), 1300);
      } finally {
        ip('link', 'delete', 'out');
      }
    });

    test('connections of an address are forgotten, those of others stay', async () => {
      await using holder = await startHolder();
      await connectLive(holder, await endpoint(0));
      // Nothing is tracked without a rule that asks for it.
      execFileSync('nft', [
        'add table inet t; add chain inet t c { type filter hook input priority 0; ct state new accept; }',
      ]);
      execFileSync('nsenter', [
        `--net=/proc/${holder.pid}/ns/net`,
        'busybox',
        'ping',
        '-c1',
        '-W1',
        '10.9.0.1',
      ]);
      const tracked = () => readFileSync('/proc/self/net/nf_conntrack', 'latin1');
      const index = (await linkNamed('lb0'))?.index ?? 0;
      assert.match(tracked(), /src=10\.9\.0\.7/);
      await forgetAddresses(['10.9.0.8', 'fd00:9::8'], index);
      assert.match(tracked(), /src=10\.9\.0\.7/);
      assert.match(ip('neighbour'), /10\.9\.0\.7/);
      await forgetAddresses(['10.9.0.7'], index);
      assert.doesNotMatch(tracked(), /src=10\.9\.0\.7/);
      assert.doesNotMatch(ip('neighbour'), /10\.9\.0\.7 .*lladdr/);
    });
  });
});
