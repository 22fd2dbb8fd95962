// What is on the host for the networks of containers: it goes with them, whoever dies, and holds rates that nobody inside can change.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { NetBox } from './harness/net-box.ts';
import { requiresNetPriority } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

const box = await NetBox.open();
const s = suite({
  within: box.machine.within,
  args: ['--default-network', 'bridge'],
  programs: ['ip', 'tc', 'busybox', 'socat', 'iperf3'],
});
after(() => box.close());

const links = (prefix: string) => box.machine.links().filter((name) => name.startsWith(prefix));
const pidOf = async (container: string) => (await s.inspect(container)).State.Pid;
const addressOf = (container: string) =>
  s.ok(['inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', container]);
const noLinks = () =>
  until('no link of a container', () => links('lv').length + links('lx').length + links('li').length === 0);

/** Megabits a second that arrive, between a container and a server of iperf3 in the machine. */
async function measure(container: string, ...options: readonly string[]): Promise<number> {
  const gateway = await s.ok(['inspect', '-f', '{{.NetworkSettings.Networks.bridge.Gateway}}', container]);
  const output = await s.ok([
    ...['exec', container, 'iperf3', '--client', gateway],
    ...['--time', '3', '--omit', '1', '--json', ...options],
  ]);
  const { end } = JSON.parse(output) as { end: { sum_received: { bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e6;
}

function assertWithin(measured: number, megabits: number, what: string): void {
  assert.ok(Math.abs(measured / megabits - 1) < 0.1, `${what}: ${measured} Mbit/s instead of ${megabits}`);
}

inBothModes(
  'a container that has ended leaves no link, and its address is free at once',
  async ({ flags }) => {
    await s.detached(['--name', 'first', ...flags], ['sleep', '100']);
    const address = await addressOf('first');
    assert.equal(links('lv').length, 1);
    await s.ok(['rm', '-f', 'first']);
    assert.deepEqual(links('lv'), []);
    for (let round = 0; round < 5; round++)
      assert.match(
        await s.sh([...flags, '--ip', address], 'busybox ping -c 1 -W 1 10.201.0.1'),
        /time=[0-9]{1,2}\.[0-9]+ ms/,
        'a container with the same address is reached, and not the one before',
      );
    await noLinks();
  },
);

test('a container that is started again at once has its interface again', async () => {
  await s.detached(['--name', 'again'], ['sleep', '100']);
  for (let round = 0; round < 5; round++) await s.ok(['restart', '-t', '0', 'again']);
  assert.equal(links('lv').length, 1);
  assert.match(
    await s.ok(['exec', 'again', 'busybox', 'ping', '-c', '1', '-W', '2', '10.201.0.1']),
    / 0% packet loss/,
  );
  await s.ok(['rm', '-f', 'again']);
  await noLinks();
});

test('nothing is remembered of the connections of a container that is gone', async () => {
  const outside = await box.host(20);
  outside.start(['socat', 'UDP4-RECVFROM:7000,fork', 'EXEC:cat']);
  await outside.listens(7000, 'udp');
  await s.detached(['--name', 'talks'], ['sleep', '100']);
  const address = await addressOf('talks');
  const tracked = () => readFileSync(`/proc/${box.machine.pid}/net/nf_conntrack`, 'latin1');
  await s.ok(['exec', 'talks', 'bash', '-c', `echo hello >/dev/udp/${outside.v4}/7000`]);
  assert.match(tracked(), new RegExp(`udp .*src=${address} dst=${outside.v4} .*dport=7000`));
  await s.ok(['rm', '-f', 'talks']);
  await until('the kernel to have forgotten the connection', () => !tracked().includes(`=${address} `));
  await until(
    '… and the neighbour',
    () => !new RegExp(`${address} .*lladdr`).test(box.machine.sh('ip neighbour')),
  );
});

test('a start that fails leaves no link', async () => {
  const { code } = await s.run(['--workdir', '/proc/1/nosuch'], ['true']);
  assert.notEqual(code, 0);
  assert.deepEqual(links('lv'), []);
  const missing = await s.run([], ['/nosuch']);
  assert.equal(missing.code, 127);
  assert.deepEqual(links('lv'), []);
  await noLinks();
});

test('links of containers go on without likerd, and what belongs to nobody is removed by the next', async () => {
  await s.detached(['--name', 'stays', '--net-rate', '50mbit'], ['sleep', '100']);
  await s.detached(['--name', 'goes', '--net-rate', '50mbit'], ['sleep', '100']);
  const goes = await pidOf('goes');
  const [before, shims] = [links('l').sort(), (await s.inspect('goes')).State.ShimPid];
  assert.equal(links('li').length, 2);
  await s.daemon.kill9();
  process.kill(shims, 'SIGKILL');
  process.kill(goes, 'SIGKILL');
  await s.daemon.start();
  await until(
    'the links of the one that has gone to go',
    () => links('lv').length + links('li').length === 2,
  );
  assert.ok(links('lv').every((name) => before.includes(name)));
  assert.match(
    await s.ok(['exec', 'stays', 'busybox', 'ping', '-c', '1', '-W', '2', '10.201.0.1']),
    / 0% packet loss/,
  );
  await s.ok(['rm', '-f', 'stays', 'goes']);
  await noLinks();
});

inBothModes(
  'rates are held in both directions, as they are changed, also by the next likerd',
  async ({ flags }) => {
    const server = box.machine.start(['iperf3', '--server'], { stdio: 'ignore' });
    await box.machine.listens(5201);
    await s.detached(['--name', 'held', '--net-rate', '20mbit', ...flags], ['sleep', '1000']);
    assertWithin(await measure('held'), 20, 'sent');
    assertWithin(await measure('held', '--reverse'), 20, 'received');
    await s.ok(['update', '--net-rate', '40mbit', '--net-ceil', '60mbit', 'held']);
    await s.daemon.kill9();
    await s.daemon.start();
    assertWithin(await measure('held'), 60, 'sent after the change');
    assertWithin(await measure('held', '--reverse'), 60, 'received after the change');
    await s.ok(['rm', '-f', 'held']);
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill();
    await gone;
    await noLinks();
  },
);

inBothModes(
  'rates are held beside an egress policy, whichever is changed, also by the next likerd',
  async ({ flags }) => {
    const server = box.machine.start(['iperf3', '--server'], { stdio: 'ignore' });
    await box.machine.listens(5201);
    const held = async (rate: number, when: string): Promise<void> => {
      assertWithin(await measure('held'), rate, `sent ${when}`);
      assertWithin(await measure('held', '--reverse'), rate, `received ${when}`);
    };
    const policy = ['--egress', 'allow=10.201.0.1:5201'];
    await s.detached(['--name', 'held', '--net-rate', '20mbit', ...policy, ...flags], ['sleep', '1000']);
    await held(20, 'at first');
    await s.ok(['update', '--net-rate', '30mbit', '--net-ceil', '40mbit', 'held']);
    await held(40, 'at another rate');
    await s.ok(['update', '--egress', 'all', 'held']);
    await held(40, 'without a policy');
    await s.ok(['update', ...policy, 'held']);
    await s.daemon.kill9();
    await s.daemon.start();
    await held(40, 'with the policy again');
    await s.ok(['update', '--net-rate', '0', '--net-ceil', '0', 'held']);
    const free = await measure('held', '--reverse');
    assert.ok(free > 100, `${free} Mbit/s without a rate`);
    const [end = ''] = links('lv');
    assert.deepEqual([links('li'), box.machine.sh(`tc class show dev ${end}`)], [[], '']);
    await s.ok(['rm', '-f', 'held']);
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill();
    await gone;
    await noLinks();
  },
);

test('nobody inside can change a rate, and it can be taken away', async () => {
  const all = ['--cap-add', 'ALL', '--security-opt', 'seccomp=unconfined'];
  await s.detached(['--name', 'held', '--net-rate', '20mbit', ...all], ['sleep', '1000']);
  const [end = ''] = links('lv');
  const shown = () => box.machine.sh(`tc class show dev ${end}`);
  const before = shown();
  assert.match(before, /rate 20Mbit ceil 20Mbit/);
  await s.likerctl([
    'exec',
    'held',
    'sh',
    '-c',
    'tc qdisc del dev eth0 root; tc qdisc del dev eth0 ingress; ip link set eth0 mtu 9000',
  ]);
  assert.equal(shown(), before);
  await s.ok(['update', '--net-rate', '0', 'held']);
  assert.equal(shown(), '');
  assert.deepEqual(links('li'), []);
  await s.ok(['update', '--net-ceil', '5mbit', 'held']);
  assert.match(shown(), /rate 5Mbit ceil 5Mbit/);
  const { AppliedLimits } = await s.inspect('held');
  assert.deepEqual(
    AppliedLimits.filter(({ Knob }) => Knob === 'network.ceil_bits').map(({ File, Effective }) => [
      File,
      Effective,
    ]),
    [[`tc dev ${end}`, 'rate 5000000bit ceil 5000000bit']],
  );
  await s.ok(['rm', '-f', 'held']);
});

test(
  'what a container with --net-priority sends and receives goes first through the queues of the host, also after an update',
  requiresNetPriority(),
  async () => {
    const outside = await box.host(21);
    const ports = { one: 5202, other: 5203 } as const;
    for (const port of Object.values(ports)) {
      outside.start(['iperf3', '--server', '--port', String(port)], { stdio: 'ignore' });
      await outside.listens(port);
    }
    await s.detached(['--name', 'one', '--net-priority', '6'], ['sleep', '1000']);
    await s.detached(['--name', 'other'], ['sleep', '1000']);
    // The way out, and the way to all containers of the network: bands before a rate for all.
    const [bridge = ''] = links('lb');
    for (const link of ['up0', bridge])
      box.machine.sh(
        [
          `tc qdisc add dev ${link} root handle 1: htb default 1`,
          `tc class add dev ${link} parent 1: classid 1:1 htb rate 20mbit quantum 1514`,
          `tc qdisc add dev ${link} parent 1:1 pfifo_fast`,
        ].join(' && '),
      );
    /** Megabits a second that arrive, of 15 each that are sent at once. */
    const arriving = (...direction: readonly string[]) =>
      Promise.all(
        Object.entries(ports).map(async ([name, port]) => {
          const client = ['iperf3', '--client', outside.v4, '--port', String(port)];
          const load = ['--udp', '--bitrate', '15M', '--time', '3', '--omit', '1', '--json'];
          const output = await s.ok(['exec', name, ...client, ...load, ...direction]);
          const { end } = JSON.parse(output) as { end: { sum_received: { bits_per_second: number } } };
          return end.sum_received.bits_per_second / 1e6;
        }),
      );
    const assertFirst = ([first = 0, second = 0]: readonly number[], what: string): void =>
      assert.ok(first > 13 && second < 9, `${what}: ${first} and ${second} Mbit/s`);
    assertFirst(await arriving(), 'sent');
    assertFirst(await arriving('--reverse'), 'received');
    // What it receives comes by a link of its own.
    await s.ok(['update', '--egress', `allow=${outside.v4}`, 'one']);
    assertFirst(await arriving(), 'sent with a policy');
    await s.ok(['update', '--egress', 'all', 'one']);
    await s.ok(['update', '--net-priority', '0', 'one']);
    await s.ok(['update', '--net-priority', '6', 'other']);
    await s.daemon.kill9();
    await s.daemon.start();
    assertFirst((await arriving()).reverse(), 'sent after the change');
    assertFirst((await arriving('--reverse')).reverse(), 'received after the change');
    for (const link of ['up0', bridge]) box.machine.sh(`tc qdisc del dev ${link} root`);
    await s.ok(['rm', '-f', 'one', 'other']);
    await outside.close();
    await noLinks();
  },
);
