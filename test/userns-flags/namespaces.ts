import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { linkOf } from '../harness/proc.ts';
import { type Case, type Row, Sleeper } from './case.ts';

const own = (name: string): string => readlinkSync(`/proc/self/ns/${name}`);

/** A container that shares a namespace with another shares the user namespace too: nothing else works, so no flag asks for it. */
async function sharer(c: Case, flag: string, of: Sleeper): Promise<Sleeper> {
  const id = await c.s.detached([flag, `container:${of.id}`], ['sleep', '100000']);
  return new Sleeper(c.s, id, await c.s.inspect(id));
}

/** Is refused with a reason that names what was asked for. */
async function refused(c: Case, flags: readonly string[], words: RegExp): Promise<void> {
  const { code, stderr } = await c.s.run(flags, ['true']);
  assert.equal(code, 125, flags.join(' '));
  assert.match(stderr, words);
}

export const namespaces: readonly Row[] = [
  [
    '--pid container:NAME',
    async (c) => {
      await using one = await c.sleeper();
      await using two = await sharer(c, '--pid', one);
      assert.deepEqual(
        [two.namespace('pid'), two.namespace('user')],
        [one.namespace('pid'), one.namespace('user')],
      );
      assert.equal(await two.sh('ps -e -o comm= | grep -c sleep'), '2');
    },
  ],
  [
    '--ipc container:NAME',
    async (c) => {
      await using one = await c.sleeper();
      await using two = await sharer(c, '--ipc', one);
      assert.deepEqual(
        [two.namespace('ipc'), two.namespace('user')],
        [one.namespace('ipc'), one.namespace('user')],
      );
      await one.sh('echo shared >/dev/shm/x; : >/dev/mqueue/q', ['-u', '1234']);
      assert.equal(
        await two.sh('cat /dev/shm/x; stat -c %u /dev/shm/x; ls /dev/mqueue; echo y >/dev/shm/y'),
        'shared\n1234\nq',
      );
    },
  ],
  [
    '--network container:NAME',
    async (c) => {
      await using one = await c.sleeper(['--cap-add', 'NET_ADMIN']);
      await using two = await sharer(c, '--network', one);
      assert.deepEqual(
        [two.namespace('net'), two.namespace('user')],
        [one.namespace('net'), one.namespace('user')],
      );
      await one.sh('ip link set lo mtu 1400');
      assert.equal(
        await two.sh('cat /sys/class/net/lo/mtu; cat /proc/sys/net/ipv4/ip_unprivileged_port_start'),
        '1400\n0',
      );
    },
  ],
  [
    '--userns mixed with a shared namespace',
    async (c) => {
      await using one = await c.sleeper();
      const other = c.mode.userns === 'host' ? 'auto' : 'host';
      for (const flag of ['--pid', '--ipc', '--network'])
        await refused(c, ['--userns', other, flag, `container:${one.id}`], /user namespace/);
      for (const flag of ['--pid', '--ipc', '--network'])
        assert.equal(
          (await c.s.run([...c.mode.flags, flag, `container:${one.id}`], ['true'])).code,
          c.mode.userns === 'host' ? 0 : 125,
        );
    },
  ],
  [
    '--userns container:NAME',
    async (c) => {
      await using one = await c.sleeper();
      const id = await c.s.detached(['--userns', `container:${one.id}`], ['sleep', '1000']);
      assert.equal(linkOf((await c.s.inspect(id)).State.Pid, 'ns/user'), one.namespace('user'));
      await c.s.ok(['rm', '-f', id]);
    },
  ],
  [
    '--network none',
    async (c) => {
      await using container = await c.sleeper(['--network', 'none']);
      assert.notEqual(container.namespace('net'), own('net'));
      assert.equal(await container.sh('ls /sys/class/net; cat /proc/net/dev | grep -c :'), 'lo\n1');
      // Loopback is up: who listens there is reached.
      assert.equal(await container.sh('ip -br addr show lo | grep -o 127.0.0.1'), '127.0.0.1');
    },
  ],
  [
    '--network host',
    async (c) => {
      await using container = await c.sleeper(['--network', 'host']);
      assert.equal(container.namespace('net'), own('net'));
      const names = readFileSync('/proc/net/dev', 'utf8').match(/^\s*\S+:/gm)?.length;
      assert.equal(
        await container.sh('grep -c : /proc/net/dev; ls /sys/class/net | wc -l; ls -d /sys/kernel'),
        `${names}\n${names}\n/sys/kernel`,
      );
    },
  ],
  [
    '--pid host',
    async (c) => {
      await using container = await c.sleeper(['--pid', 'host']);
      assert.equal(container.namespace('pid'), own('pid'));
      assert.equal(
        await container.sh(`cat /proc/${c.s.daemon.pid}/comm`),
        readFileSync(`/proc/${c.s.daemon.pid}/comm`, 'utf8').trim(),
      );
      assert.equal(await container.sh('cat /proc/self/comm; ls -d /proc/self/fd'), 'cat\n/proc/self/fd');
    },
  ],
  [
    '--ipc host',
    async (c) => {
      await using container = await c.sleeper(['--ipc', 'host']);
      assert.equal(container.namespace('ipc'), own('ipc'));
    },
  ],
  [
    '--uts host',
    async (c) => {
      await using container = await c.sleeper(['--uts', 'host']);
      assert.equal(container.namespace('uts'), own('uts'));
      assert.equal(await container.sh('hostname'), hostname());
    },
  ],
  [
    '-h, --hostname, --domainname, --add-host, --dns, --dns-search, --dns-option',
    async (c) => {
      const flags = [
        '-h',
        'box',
        '--domainname',
        'lab',
        '--add-host',
        'db:192.0.2.7',
        '--dns',
        '192.0.2.53',
        '--dns-search',
        'example.org',
        '--dns-option',
        'ndots:2',
      ];
      await using container = await c.sleeper(flags);
      assert.equal(
        await container.sh('hostname; cat /proc/sys/kernel/domainname /etc/hostname'),
        'box\nlab\nbox',
      );
      assert.match(
        await container.sh('cat /etc/hosts; echo "192.0.2.8 more" >>/etc/hosts; tail -1 /etc/hosts'),
        /192\.0\.2\.7\s+db(?:.|\n)*192\.0\.2\.8 more$/,
      );
      assert.equal(
        await container.sh('cat /etc/resolv.conf'),
        'nameserver 192.0.2.53\nsearch example.org\noptions ndots:2',
      );
      assert.equal(
        await container.sh('stat -c "%U:%G %a" /etc/hosts /etc/hostname /etc/resolv.conf | sort -u'),
        'root:root 644',
      );
    },
  ],
  [
    '--sysctl',
    async (c) => {
      const values = {
        'net.ipv4.ip_unprivileged_port_start': '1024',
        'net.ipv4.tcp_syn_retries': '3',
        'kernel.shmmax': '123456',
        'kernel.msgmax': '4321',
        'kernel.sem': '10\t20\t30\t40',
        'fs.mqueue.msg_max': '5',
      };
      const before = Object.keys(values).map((name) =>
        readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8'),
      );
      const flags = Object.entries(values).flatMap(([name, value]) => ['--sysctl', `${name}=${value}`]);
      const out = await c.sh(flags, `sysctl -n ${Object.keys(values).join(' ')}`);
      assert.deepEqual(out.split('\n'), Object.values(values));
      assert.deepEqual(
        Object.keys(values).map((name) => readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8')),
        before,
      );
    },
  ],
  [
    'ping and low ports without privileges',
    async (c) => {
      const { stdout } = await c.run(['-u', '1234', '--cap-drop', 'ALL'], ['asker', 'ping', 'port-80']);
      assert.equal(stdout, 'ping 0\nport-80 0\n');
    },
  ],
  [
    '--cgroupns',
    async (c) => {
      const lines = (await c.sh([], 'cat /proc/self/cgroup')).split('\n');
      assert.ok(
        lines.some((line) => line.endsWith(':/')),
        lines.join(),
      );
      assert.match(
        await c.sh(['--cgroupns', 'host'], 'cat /proc/self/cgroup'),
        new RegExp(c.s.daemon.cgroup),
      );
    },
  ],
];
