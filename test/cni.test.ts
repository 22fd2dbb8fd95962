// Networks of CNI: Debian's plugins connect containers of a machine with a network of its own, and plugins of the test fail.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NetBox } from './harness/net-box.ts';
import { ask } from './harness/network-suite.ts';
import { isAlive } from './harness/proc.ts';
import { reboot } from './harness/reboot.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

const folder = mkdtempSync(join(tmpdir(), 'lk-cni-'));
const [config, leases, own] = ['net.d', 'leases', 'plugins'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
for (const path of [config, own]) mkdirSync(path);
const box = await NetBox.open();
const { machine } = box;
const s = suite({
  within: machine.within,
  args: ['--default-network', 'bridge', '--cni-config', config, '--cni-plugins', `${own}:/usr/lib/cni`],
  programs: ['ip', 'busybox', 'socat', 'getent'],
});
after(async () => {
  await box.close();
  rmSync(folder, { recursive: true });
});

/** Writes a configuration. `plugins`: as in the file. */
function network(name: string, plugins: readonly object[], more: object = {}): void {
  const list = { cniVersion: '1.0.0', name, plugins, ...more };
  writeFileSync(join(config, `${name}.conflist`), JSON.stringify(list));
}

const ipam = (subnet: string) => ({
  type: 'host-local',
  dataDir: leases,
  ranges: [[{ subnet }]],
  routes: [{ dst: '0.0.0.0/0' }],
});

network('blue', [
  {
    ...{ type: 'bridge', bridge: 'cni-blue', isGateway: true, ipMasq: true, hairpinMode: true },
    ...{ capabilities: { ips: true, mac: true }, ipam: ipam('10.90.0.0/24') },
  },
  { type: 'tuning', sysctl: { 'net.ipv4.conf.eth0.arp_filter': '1' } },
  { type: 'portmap', snat: true, capabilities: { portMappings: true } },
  { type: 'firewall', backend: 'iptables' },
  { type: 'bandwidth', capabilities: { bandwidth: true } },
]);

// For what no plugin of it can do.
network('old', [{ type: 'old' }]);

/** What plugins have left: links of the machine but bridges, rules but those that all share, addresses that are taken. */
function traces() {
  const rules = machine.sh('iptables-save; ip6tables-save').match(/^-A .*$/gm) ?? [];
  return {
    links: machine.links().filter((name) => !/^(cni-|lb)/.test(name)),
    rules: rules.filter((rule) => /10\.9\d\.|CNI-(DN|SN|[0-9a-f]{4})/.test(rule)),
    leases: existsSync(leases)
      ? readdirSync(leases).flatMap((name) =>
          readdirSync(join(leases, name)).filter((file) => /^\d/.test(file)),
        )
      : [],
  };
}

const nothing = { links: ['lo', 'up0'], rules: [], leases: [] };

/** The kernel takes links away a moment after their namespace. */
async function nothingLeft(): Promise<void> {
  const isOver = () => JSON.stringify(traces()) === JSON.stringify(nothing);
  await until('traces to go', isOver).catch(() => assert.deepEqual(traces(), nothing));
}

const addressOf = (container: string, name: string): Promise<string> =>
  s.ok(['inspect', '-f', `{{(index .NetworkSettings.Networks "cni:${name}").IPAddress}}`, container]);
const recordOf = (id: string): string => join(s.daemon.root, 'cni', `${id}.json`);

const says = (name: string) => ['socat', 'TCP-LISTEN:80,fork,reuseaddr', `SYSTEM:echo I am ${name}`];

inBothModes('plugins connect a container, and take all away at its end', async ({ flags, userns }) => {
  const outside = await box.host(userns === 'host' ? 40 : 41);
  outside.start(['socat', 'TCP-LISTEN:80,fork,reuseaddr', 'SYSTEM:echo outside']);
  await outside.listens(80);
  const id = await s.detached(
    ['--name', 'one', '--hostname', 'first', '--network', 'cni:blue', '-p', '0.0.0.0:8080:80', ...flags],
    says('one'),
  );
  const address = await addressOf('one', 'blue');
  assert.match(address, /^10\.90\.0\.\d+$/);
  const inside = await s.ok([
    ...['exec', id, 'sh', '-c'],
    `ip -4 -br addr show eth0; ip -br link show lo; ${ask(outside.v4)}; cat /etc/hosts /proc/sys/net/ipv4/conf/eth0/arp_filter`,
  ]);
  assert.match(inside, new RegExp(`^eth0@\\S+ +UP +${address}/24`, 'm'));
  assert.match(inside, /^lo +UNKNOWN/m, 'the loopback is up');
  assert.match(inside, /^outside$/m);
  assert.match(inside, new RegExp(`^${address}\tfirst$`, 'm'));
  assert.match(inside, /^1$/m, 'tuning');
  assert.equal(outside.sh(ask(machine.v4, 8080)), 'I am one');
  assert.equal(await s.sh(['--network', 'cni:blue', ...flags], ask(address)), 'I am one');
  assert.match(await s.ok(['port', 'one']), /^80\/tcp -> 0\.0\.0\.0:8080$/);
  const taken = await s.run(['--network', 'cni:blue', '-p', '0.0.0.0:8080:80', ...flags], ['true']);
  assert.match(taken.stderr, /port 0\.0\.0\.0:8080\/tcp: container 'one' has it/);
  await s.ok(['restart', '-t', '0', 'one']);
  assert.equal(outside.sh(ask(machine.v4, 8080)), 'I am one');
  await s.ok(['rm', '-f', 'one']);
  await nothingLeft();
});

test('a rate, which both directions have', async () => {
  const flags = ['--network', 'cni:blue', '--net-rate', '3mbit'];
  const id = await s.detached(flags, ['sleep', '1000']);
  const queues = machine.sh('tc qdisc show').match(/tbf .* rate 3Mbit/g);
  assert.equal(
    queues?.length,
    2,
    'at the end on the host, and at the device that takes what comes from the container',
  );
  const update = await s.likerctl(['update', '--net-rate', '5mbit', id]);
  assert.match(update.stderr, /plugins of CNI limit interfaces as they make them/);
  await s.ok(['rm', '-f', id]);
  const unable = await s.run(['--network', 'cni:old', '--net-rate', '3mbit'], ['true']);
  assert.match(unable.stderr, /no plugin of the CNI network 'old' has the capability bandwidth/);
  await nothingLeft();
});

test('addresses that are asked for', async () => {
  const flags = ['--network', 'name=cni:blue,ip=10.90.0.77,mac-address=02:00:00:00:00:77'];
  const shown = await s.sh(flags, 'ip -br addr show eth0; cat /sys/class/net/eth0/address');
  assert.match(shown, /10\.90\.0\.77\/24[\s\S]*02:00:00:00:00:77/);
  const refused = await s.run(['--network', 'cni:blue', '--ip', '192.0.2.1'], ['true']);
  assert.equal(refused.code, 125);
  assert.match(
    refused.stderr,
    /Cannot connect container '\w+' to the CNI network 'blue': plugin 'bridge' failed in ADD: .*192\.0\.2\.1/,
  );
  await nothingLeft();
});

test('other plugins: ptp, macvlan, loopback and a single one', async () => {
  writeFileSync(
    join(config, 'single.conf'),
    JSON.stringify({
      cniVersion: '0.3.1',
      name: 'single',
      type: 'ptp',
      ipMasq: true,
      ipam: ipam('10.91.0.0/24'),
    }),
  );
  network('wire', [{ type: 'loopback' }, { type: 'macvlan', master: 'up0', ipam: ipam('10.92.0.0/24') }]);
  assert.match(await s.sh(['--network', 'cni:single'], 'ip -4 -br addr show eth0'), /10\.91\.0\.\d+/);
  assert.match(
    await s.sh(['--network', 'cni:wire'], 'ip -4 -br addr show eth0; ip -d link show eth0'),
    /10\.92\.0\.\d+\/24[\s\S]*macvlan/,
  );
  await nothingLeft();
});

test('a container on two networks of CNI, and on one of likerd', async () => {
  network('other', [{ type: 'ptp', ipam: { ...ipam('10.93.0.0/24'), routes: [] } }]);
  await s.ok(['network', 'create', 'mine']);
  const shown = await s.sh(
    ['--network', 'mine', '--network', 'cni:blue', '--network', 'cni:other'],
    'ip -4 -br addr; ip route show default; cat /etc/resolv.conf',
  );
  assert.match(shown, /^eth0\S+ +UP +10\.90\./m);
  assert.match(shown, /^eth1\S+ +UP +10\.93\./m);
  assert.match(shown, /^eth2\S+ +UP +10\.201\./m);
  assert.match(shown, /^default via 10\.90\.0\.1 /m);
  assert.match(shown, /^nameserver 127\.0\.0\.11$/m);
  await s.ok(['network', 'rm', 'mine']);
  await nothingLeft();
});

/** A plugin whose commands are scripts. Each call is noted in a file, in the order of all calls. */
function plugin(
  name: string,
  scripts: Readonly<Partial<Record<'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC', string>>>,
): void {
  const cases = Object.entries(scripts).map(([command, script]) => `${command}) ${script} ;;\n`);
  writeFileSync(
    join(own, name),
    `#!/bin/sh\nread -r input\nprintf '{"plugin":"%s","command":"%s","netns":"%s","ifname":"%s","args":"%s","config":%s}\\n' ${name} "$CNI_COMMAND" "$CNI_NETNS" "$CNI_IFNAME" "$CNI_ARGS" "$input" >>${calls}\ncase $CNI_COMMAND in\n${cases.join('')}esac\n`,
    { mode: 0o755 },
  );
}

const calls = join(folder, 'calls');

interface Called {
  readonly plugin: string;
  readonly command: string;
  readonly netns: string;
  readonly ifname: string;
  readonly args: string;
  readonly config: {
    readonly name: string;
    readonly cniVersion: string;
    readonly prevResult?: { readonly ips?: readonly { readonly address: string }[] };
    readonly runtimeConfig?: Readonly<Record<string, unknown>>;
    readonly 'cni.dev/valid-attachments'?: readonly {
      readonly containerID: string;
      readonly ifname: string;
    }[];
  };
}

/** The calls since the last time. */
function called(): Called[] {
  const lines = existsSync(calls) ? readFileSync(calls, 'utf8').split('\n').filter(Boolean) : [];
  rmSync(calls, { force: true });
  return lines.map((line) => JSON.parse(line) as Called);
}
const inShort = (made: readonly Called[]): string[] => made.map((one) => `${one.plugin} ${one.command}`);

const result = (address: string, more = ''): string =>
  `echo '{"cniVersion": "1.0.0", "ips": [{"address": "${address}"}]${more}}'`;

test('capabilities, the result of the plugin before, and names', async () => {
  plugin('first', { ADD: result('10.98.0.5/24') });
  plugin('second', {
    ADD: result('10.98.0.6/24', ', "dns": {"nameservers": ["10.98.0.1"], "search": ["lan"]}'),
  });
  network('told', [
    { type: 'first', capabilities: { aliases: true, ips: true, portMappings: true, other: true } },
    { type: 'second', capabilities: { dns: true, mac: false } },
  ]);
  const flags = ['--network', 'name=cni:told,alias=db,ip=10.98.0.6,mac-address=02:00:00:00:00:09'];
  const shown = await s.sh([...flags, '--name', 'told', '-p', '7000-7001:80-81/udp'], 'cat /etc/resolv.conf');
  assert.equal(shown, 'nameserver 10.98.0.1\nsearch lan');
  const [first, second, ...rest] = called();
  assert.deepEqual(first?.config.runtimeConfig, {
    aliases: ['told', 'db'],
    ips: ['10.98.0.6'],
    portMappings: [7000, 7001].map((hostPort) => ({
      ...{ hostPort, containerPort: hostPort - 6920, protocol: 'udp', hostIP: '127.0.0.1' },
    })),
  });
  assert.deepEqual(
    [first?.args, first?.ifname, first?.config.name, first?.config.cniVersion],
    ['IgnoreUnknown=1;MAC=02:00:00:00:00:09', 'eth0', 'told', '1.0.0'],
  );
  assert.deepEqual([first?.config.prevResult, second?.config.runtimeConfig], [undefined, undefined]);
  assert.equal(second?.config.prevResult?.ips?.[0]?.address, '10.98.0.5/24');
  assert.deepEqual(inShort(rest), ['second DEL', 'first DEL']);
  for (const one of rest) {
    assert.equal(one.config.prevResult?.ips?.[0]?.address, '10.98.0.6/24', 'that of the last');
    assert.deepEqual(one.netns, first?.netns);
  }
  assert.deepEqual(rest[1]?.config.runtimeConfig, first?.config.runtimeConfig);
  const dns = ['--dns', '192.0.2.53', '--dns-search', 'corp', '--ip', '10.98.0.6', '--network', 'cni:told'];
  assert.equal(await s.sh(dns, 'cat /etc/resolv.conf'), 'nameserver 192.0.2.53\nsearch corp');
  const [, told] = called();
  assert.deepEqual(told?.config.runtimeConfig, {
    dns: { servers: ['192.0.2.53'], searches: ['corp'], options: [] },
  });
});

for (const [version, text, chained] of [
  ['0.2.0', '{"cniVersion": "0.2.0", "ip4": {"ip": "10.98.1.9/24", "gateway": "10.98.1.1"}}', false],
  [
    '0.3.1',
    '{"cniVersion": "0.3.1", "interfaces": [{"name": "eth0", "sandbox": "/x"}], "ips": [{"version": "4", "interface": 0, "address": "10.98.1.9/24", "gateway": "10.98.1.1"}]}',
    false,
  ],
  [
    '0.4.0',
    '{"cniVersion": "0.4.0", "ips": [{"version": "4", "address": "10.98.1.9/24", "gateway": "10.98.1.1"}]}',
    true,
  ],
  ['1.1.0', '{"cniVersion": "1.1.0", "ips": [{"address": "10.98.1.9/24", "gateway": "10.98.1.1"}]}', true],
] as const)
  test(`a result of version ${version}`, async () => {
    plugin('old', { ADD: `echo '${text}'` });
    network('old', [{ type: 'old' }], { cniVersion: version });
    const id = await s.detached(['--network', 'cni:old'], ['sleep', '1000']);
    const settings = JSON.parse(await s.ok(['inspect', '-f', '{{json .NetworkSettings.Networks}}', id]));
    const { IPAddress, IPPrefixLen, Gateway } = settings['cni:old'];
    assert.deepEqual([IPAddress, IPPrefixLen, Gateway], ['10.98.1.9', 24, '10.98.1.1']);
    await s.ok(['rm', '-f', id]);
    const made = called();
    const [add, del] = made.slice(-2);
    assert.deepEqual(inShort(made), [...(version === '1.1.0' ? ['old STATUS'] : []), 'old ADD', 'old DEL']);
    assert.equal(add?.config.cniVersion, version);
    assert.equal(del?.config.prevResult !== undefined, chained, 'from 0.4.0 on it is told the result');
  });

test('a plugin that fails: its words reach the user, all are undone in reverse, and a later start works', async () => {
  plugin('good', { ADD: result('10.98.0.5/24'), DEL: 'echo lost >&2; exit 1' });
  plugin('bad', { ADD: `echo '{"code": 11, "msg": "try again later", "details": "no lease"}'; exit 1` });
  plugin('after', { ADD: result('10.98.0.5/24') });
  network('fails', [{ type: 'good' }, { type: 'bad' }, { type: 'after' }]);
  const id = await s.ok(['create', '--name', 'fails', '--network', 'cni:fails', s.rootfs, 'true']);
  const failed = await s.likerctl(['start', '-a', 'fails']);
  assert.match(
    failed.stderr,
    /Cannot connect container 'fails' to the CNI network 'fails': plugin 'bad' failed in ADD: try again later: no lease \(code 11\)/,
  );
  assert.deepEqual(inShort(called()), ['good ADD', 'bad ADD', 'after DEL', 'bad DEL', 'good DEL']);
  assert.ok(existsSync(recordOf(id)), 'what could not be taken away is known');
  assert.equal((await s.inspect('fails')).State.Status, 'exited');
  plugin('good', { ADD: result('10.98.0.5/24') });
  plugin('bad', { ADD: result('10.98.0.5/24') });
  assert.equal((await s.likerctl(['start', '-a', 'fails'])).code, 0);
  assert.deepEqual(inShort(called()), [
    ...['after DEL', 'bad DEL', 'good DEL'],
    ...['good ADD', 'bad ADD', 'after ADD', 'after DEL', 'bad DEL', 'good DEL'],
  ]);
  assert.ok(!existsSync(recordOf(id)));
  await s.ok(['rm', 'fails']);
});

test('a plugin that says that it is not available: the start is refused before anything is made', async () => {
  const unavailable = `echo '{"code": 50, "msg": "no leases", "details": "its server is away"}'; exit 1`;
  plugin('ready', { ADD: result('10.98.0.5/24') });
  plugin('away', { ADD: result('10.98.0.5/24'), STATUS: unavailable });
  network('away', [{ type: 'ready' }, { type: 'away' }], { cniVersion: '1.1.0' });
  const refused = await s.run(['--network', 'cni:away'], ['true']);
  assert.equal(refused.code, 125);
  assert.match(
    refused.stderr,
    /to the CNI network 'away': plugin 'away' is not available: no leases: its server is away \(code 50\)/,
  );
  const asked = called();
  assert.deepEqual(inShort(asked), ['ready STATUS', 'away STATUS']);
  assert.deepEqual([asked[0]?.netns, asked[0]?.ifname], ['', ''], 'no container is meant');
  network('away', [{ type: 'ready' }, { type: 'away' }]);
  assert.equal(
    (await s.run(['--network', 'cni:away'], ['true'])).code,
    0,
    'before 1.1.0 nobody can be asked',
  );
  assert.ok(!inShort(called()).some((one) => one.endsWith('STATUS')));
});

/** What plugins of the container failed in, in the order of the events. */
async function failures(container: string): Promise<string[]> {
  const filters = ['--filter', `container=${container}`, '--filter', 'event=cni-failed'];
  const format = ['--format', '{{.Actor.Attributes.command}}: {{.Actor.Attributes.error}}'];
  const lines = await s.ok(['events', '--since', '1', '--until', '0s', ...filters, ...format]);
  return lines.split('\n').filter(Boolean);
}

test('the next likerd asks plugins whether what they have made is still there, where they may be asked', async () => {
  const broken = join(folder, 'broken');
  plugin('fragile', {
    ADD: result('10.98.0.5/24'),
    CHECK: `if [ -e ${broken} ]; then echo '{"code": 100, "msg": "its rule is gone"}'; exit 1; fi`,
  });
  network('checked', [{ type: 'fragile' }]);
  network('unchecked', [{ type: 'fragile' }], { disableCheck: true });
  network('older', [{ type: 'fragile' }], { cniVersion: '0.3.1' });
  for (const name of ['checked', 'unchecked', 'older'])
    await s.detached(['--name', name, '--network', `cni:${name}`], ['sleep', '1000']);
  const [add] = called();
  await s.daemon.restart();
  await until('the check', () => inShort(called()).includes('fragile CHECK'));
  writeFileSync(broken, '');
  await s.daemon.kill9();
  await s.daemon.start();
  await until('the event', async () => (await failures('checked')).length > 0);
  assert.deepEqual(await failures('checked'), [
    "CHECK: Container 'checked' may have lost the CNI network 'checked': plugin 'fragile' failed in CHECK: its rule is gone (code 100)",
  ]);
  assert.equal((await s.inspect('checked')).State.Status, 'running');
  const [check, ...more] = called();
  assert.deepEqual(
    [check?.command, check?.config, more],
    ['CHECK', { ...add?.config, prevResult: check?.config.prevResult }, []],
  );
  assert.equal(check?.config.prevResult?.ips?.[0]?.address, '10.98.0.5/24');
  assert.equal(check?.netns, add?.netns);
  await s.ok(['rm', '-f', 'checked', 'unchecked', 'older']);
  called();
});

test("Debian's plugins find nothing wrong with what runs, and see that their rules are gone", async () => {
  network('well', [
    { type: 'bridge', bridge: 'cni-blue', isGateway: true, ipMasq: true, ipam: ipam('10.90.0.0/24') },
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'passes' },
  ]);
  // Its result is that of the plugin before.
  plugin('passes', { ADD: `echo "$input" | sed 's/.*"prevResult"://; s/}$//'` });
  await s.detached(['--name', 'well', '--network', 'cni:well', '-p', '8083:80'], says('well'));
  await s.daemon.restart();
  await until('the check to come to the last plugin', () => inShort(called()).includes('passes CHECK'));
  machine.sh('iptables -t nat -F');
  await s.daemon.restart();
  await until('the event', async () => (await failures('well')).length > 0);
  const [failure = '', ...more] = await failures('well');
  assert.match(failure, /may have lost the CNI network 'well': plugin '(bridge|portmap)' failed in CHECK/);
  assert.deepEqual(more, [], 'before that, they said nothing');
  await s.ok(['rm', '-f', 'well']);
  await nothingLeft();
  called();
});

test('a health check finds that the bridge is down', async () => {
  const probe = ['--health-cmd', 'busybox ping -c 1 -W 5 10.90.0.1', '--health-retries', '1'];
  await s.detached(
    ['--name', 'probed', '--network', 'cni:blue', ...probe, '--health-interval', '1h'],
    ['sleep', '1000'],
  );
  const check = async () => (await s.likerctl(['healthcheck', 'run', 'probed'])).stdout;
  assert.equal(await check(), '');
  machine.sh('ip link set cni-blue down');
  assert.equal(await check(), 'unhealthy\n');
  machine.sh('ip link set cni-blue up');
  assert.equal(await check(), '');
  assert.equal(await s.ok(['inspect', '-f', '{{.State.Health.Status}}', 'probed']), 'healthy');
  await s.ok(['rm', '-f', 'probed']);
  await nothingLeft();
});

test('what could not be disconnected is told, and tried again, also after the container was removed', async () => {
  const stuck = join(folder, 'stuck');
  writeFileSync(stuck, '');
  plugin('sticks', {
    ADD: result('10.98.0.5/24'),
    DEL: `if [ -e ${stuck} ]; then echo '{"code": 11, "msg": "no server"}'; exit 1; fi`,
  });
  network('sticks', [{ type: 'sticks' }]);
  const id = await s.detached(['--name', 'sticks', '--network', 'cni:sticks'], ['sleep', '1000']);
  await s.ok(['stop', '-t', '0', 'sticks']);
  const why =
    "Cannot disconnect container 'sticks' from the CNI network 'sticks': plugin 'sticks' failed in DEL: no server (code 11)";
  assert.deepEqual(await failures('sticks'), [`DEL: ${why}`]);
  await s.ok(['rm', 'sticks']);
  const found = await s.likerctl([
    'system',
    'check',
    '--format',
    '{{.Problem}} {{.Kind}} {{.Path}} {{.Note}}',
  ]);
  assert.equal(found.code, 1);
  assert.match(
    found.stdout,
    new RegExp(`^strange network cni/${id}\\.json ${RegExp.escape(why)}; likerd tries`),
  );
  rmSync(stuck);
  called();
  await until('another try', () => !existsSync(recordOf(id)), { deadlineMs: 60_000 });
  assert.deepEqual(inShort(called()), ['sticks DEL']);
  assert.equal((await s.likerctl(['system', 'check'])).code, 0);
});

test('at its start likerd has plugins take away what belongs to no container, where they may', async () => {
  const stuck = join(folder, 'stuck');
  writeFileSync(stuck, '');
  plugin('sweeps', { ADD: result('10.98.0.5/24'), DEL: `[ ! -e ${stuck} ]` });
  for (const [name, more] of [
    ['swept', {}],
    ['unswept', { disableGC: true }],
    ['older', { cniVersion: '1.0.0' }],
    ['unused', {}],
  ] as const)
    network(name, [{ type: 'sweeps' }], { cniVersion: '1.1.0', ...more });
  const flags = (name: string) => ['--network', `cni:${name}`];
  const id = await s.detached(
    ['--name', 'stays', ...flags('swept'), ...flags('unswept'), ...flags('older')],
    ['sleep', '1000'],
  );
  const left = await s.detached(['--name', 'left', ...flags('swept')], ['sleep', '1000']);
  await s.ok(['rm', '-f', 'left']);
  assert.ok(existsSync(recordOf(left)));
  called();
  await s.daemon.restart();
  const seen: Called[] = [];
  await until('GC', () => {
    seen.push(...called());
    return seen.some(({ command }) => command === 'GC');
  });
  await s.daemon.restart();
  await until('GC again', () => {
    seen.push(...called());
    return seen.filter(({ command }) => command === 'GC').length > 1;
  });
  const collected = seen.filter(({ command }) => command === 'GC');
  assert.deepEqual(
    collected.map(({ config, netns, ifname }) => [
      config.name,
      config['cni.dev/valid-attachments'],
      netns,
      ifname,
    ]),
    Array.from({ length: 2 }, () => ['swept', [{ containerID: id, ifname: 'eth0' }], '', '']),
  );
  rmSync(stuck);
  await s.daemon.restart();
  await until('the next likerd to disconnect it', () => !existsSync(recordOf(left)));
  await s.ok(['rm', '-f', 'stays']);
  called();
});

test('a program that is not in the container: its network is taken away all the same', async () => {
  const failed = await s.run(['--network', 'cni:blue', '-p', '8081:80'], ['missing']);
  assert.equal(failed.code, 127);
  await nothingLeft();
});

test('what has no meaning is refused before anything is made', async () => {
  for (const [flags, why] of [
    [['--network', 'cni:red'], /No CNI network 'red' in .*net\.d .*it describes .*blue/],
    [
      ['--network', 'cni:old', '-p', '80'],
      /no plugin of the CNI network 'old' has the capability portMappings/,
    ],
    [['--network', 'name=cni:blue,gw-priority=3'], /Cannot set gw-priority/],
  ] as const) {
    const refused = await s.run(flags, ['true']);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, why);
  }
  network('lacking', [{ type: 'nowhere' }]);
  const lacking = await s.run(['--network', 'cni:lacking'], ['true']);
  assert.match(
    lacking.stderr,
    /plugin 'nowhere' failed in ADD: it is in none of .*plugins, \/usr\/lib\/cni; install it/,
  );
});

test('a plugin that hangs does not keep the container from being removed', async () => {
  const pid = join(folder, 'hangs');
  plugin('hangs', { ADD: `echo $$ >${pid}; sleep 1000` });
  network('hangs', [{ type: 'hangs' }]);
  const started = s.likerctl(['run', '-d', '--name', 'hangs', '--network', 'cni:hangs', s.rootfs, 'true']);
  await until('the plugin', () => existsSync(pid) && readFileSync(pid, 'utf8') !== '');
  await s.ok(['rm', '-f', 'hangs']);
  assert.equal((await started).code, 125);
  assert.equal(isAlive(Number(readFileSync(pid, 'utf8'))), false);
  assert.deepEqual(inShort(called()), ['hangs ADD', 'hangs DEL']);
});

test('likerd is killed while a plugin connects a container: the next one ends the plugin, and begins again', async () => {
  const pid = join(folder, 'first');
  const begin = `if [ -e ${pid} ]; then ${result('10.98.0.5/24')}; else echo $$ >${pid}; sleep 1000; fi`;
  plugin('slow', { ADD: begin });
  network('slow', [{ type: 'slow' }]);
  const started = s.likerctl([
    'run',
    '-d',
    '--name',
    'slow',
    '--network',
    'cni:slow',
    s.rootfs,
    'sleep',
    '1000',
  ]);
  await until('the plugin', () => existsSync(pid) && readFileSync(pid, 'utf8') !== '');
  await s.daemon.kill9();
  const left = Number(readFileSync(pid, 'utf8'));
  assert.equal(isAlive(left), true);
  await s.daemon.start();
  await started;
  await until('the start', async () => (await s.inspect('slow')).State.Status === 'running');
  assert.equal(isAlive(left), false);
  assert.equal(await addressOf('slow', 'slow'), '10.98.0.5');
  assert.deepEqual(inShort(called()), ['slow ADD', 'slow DEL', 'slow ADD']);
  await s.ok(['rm', '-f', 'slow']);
  assert.deepEqual(inShort(called()), ['slow DEL']);
});

test('likerd is killed while a plugin disconnects a container: the next one begins again', async () => {
  const pid = join(folder, 'del');
  plugin('slow', {
    ADD: result('10.98.0.5/24'),
    DEL: `if [ ! -e ${pid} ]; then echo $$ >${pid}; sleep 1000; fi`,
  });
  const id = await s.detached(['--name', 'ends', '--network', 'cni:slow'], ['sleep', '1000']);
  const removed = s.likerctl(['rm', '-f', 'ends']);
  await until('the plugin', () => existsSync(pid) && readFileSync(pid, 'utf8') !== '');
  await s.daemon.kill9();
  await s.daemon.start();
  await removed;
  await until('the removal', async () => !(await s.ok(['ps', '-aq', '--no-trunc'])).includes(id));
  assert.equal(isAlive(Number(readFileSync(pid, 'utf8'))), false);
  const [add, first, second] = called();
  assert.deepEqual([add?.command, first?.command, second?.command], ['ADD', 'DEL', 'DEL']);
  assert.deepEqual(second?.config, first?.config, 'it is told the same');
  assert.equal(second?.netns, add?.netns, 'the network namespace is there until the end');
});

test('a container that ends without likerd, and the next likerd', async () => {
  const id = await s.detached(['--name', 'alone', '--network', 'cni:blue', '-p', '8082:80'], says('alone'));
  const address = await addressOf('alone', 'blue');
  await s.daemon.kill9();
  await s.daemon.start();
  assert.equal(await addressOf('alone', 'blue'), address);
  const { Pid } = (await s.inspect('alone')).State;
  await s.daemon.kill9();
  process.kill(Pid, 'SIGKILL');
  await until('its end', () => !isAlive(Pid));
  await s.daemon.start();
  await until('all plugins to have ended', () => !existsSync(recordOf(id)));
  await nothingLeft();
  await s.ok(['rm', 'alone']);
});

test('after a reboot, addresses and rules of containers that ran are given back', async () => {
  await s.detached(['--name', 'stays', '--network', 'cni:blue'], ['sleep', '1000']);
  await s.detached(['--name', 'again', '--restart', 'always', '--network', 'cni:blue'], says('again'));
  // What the kernel has is gone, too.
  const forget = async () => {
    machine.sh('iptables -t nat -F; iptables -t nat -X; iptables -F; ip link del cni-blue');
  };
  await reboot(s.daemon, forget);
  await until('the restart', async () => (await s.inspect('again')).State.Running);
  assert.equal((await s.inspect('stays')).State.Status, 'exited');
  const address = await addressOf('again', 'blue');
  assert.deepEqual(traces().leases, [address]);
  assert.equal(await s.sh(['--network', 'cni:blue'], ask(address)), 'I am again');
  await s.ok(['rm', '-f', 'stays', 'again']);
  await nothingLeft();
});

test('a container of CNI is connected to a network of likerd while it runs', async () => {
  await s.ok(['network', 'create', 'more']);
  await s.detached(['--name', 'peer', '--network', 'more'], says('peer'));
  await s.detached(['--name', 'joins', '--network', 'cni:blue'], ['sleep', '1000']);
  const before = await s.ok(['exec', 'joins', 'ip', 'route', 'show', 'default']);
  await s.ok(['network', 'connect', 'more', 'joins']);
  assert.equal(
    await s.ok(['exec', 'joins', 'sh', '-c', `ip route show default; cat /etc/resolv.conf; ${ask('peer')}`]),
    `${before}\nnameserver 127.0.0.11\nI am peer`,
  );
  await s.ok(['rm', '-f', 'joins', 'peer']);
  await s.ok(['network', 'rm', 'more']);
  await nothingLeft();
});
