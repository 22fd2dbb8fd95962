// Runs in a virtual machine, and once more after that was switched off and on (networks.test.ts): all of the networks is made again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, test } from 'node:test';
import { startDaemon } from '../harness/daemon.ts';
import { likerctl, ok } from '../harness/likerctl.ts';
import { NetBox } from '../harness/net-box.ts';
import { answerSeconds, ask } from '../harness/network-suite.ts';
import { buildRootfs } from '../harness/rootfs.ts';
import { until } from '../harness/until.ts';

// /tmp is the disk that stays, and /run is in memory.
const home = '/tmp/reboot';
const [config, leases, told] = ['net.d', 'leases', 'told.json'].map((name) => join(home, name)) as [
  string,
  string,
  string,
];
const isFirst = !existsSync(home);
mkdirSync('/run/reboot');
if (isFirst) {
  mkdirSync(config, { recursive: true });
  symlinkSync('/run/reboot', join(home, 'run'));
  const [subnet, routes] = ['10.90.0.0/24', [{ dst: '0.0.0.0/0' }]];
  const ipam = { type: 'host-local', dataDir: leases, ranges: [[{ subnet }]], routes };
  const plugins = [
    { type: 'bridge', bridge: 'cni-blue', isGateway: true, ipMasq: true, ipam },
    { type: 'portmap', snat: true, capabilities: { portMappings: true } },
  ];
  const list = JSON.stringify({ cniVersion: '1.0.0', name: 'blue', plugins });
  writeFileSync(join(config, 'blue.conflist'), list);
}

const box = await NetBox.open({ here: true });
const { machine } = box;
const outside = await box.host(9);
const answers = { 80: 'echo outside 80', 443: 'echo outside 443', 9000: 'wc -c' };
for (const [port, command] of Object.entries(answers))
  outside.start(['socat', `TCP-LISTEN:${port},fork,reuseaddr`, `SYSTEM:${command}`], { stdio: 'ignore' });
const daemon = await startDaemon({
  home,
  args: ['--default-network', 'bridge', '--cni-config', config, '--cni-plugins', '/usr/lib/cni'],
});
after(async () => {
  await daemon.kill9();
  await box.close();
});
const rootfs = join(home, 'rootfs');
const run = (...args: readonly string[]) => ok(daemon, args);
const inside = (container: string, script: string) => run('exec', container, 'sh', '-c', script);
const tcp = (address: string, port: number): string =>
  `socat -u -T ${answerSeconds} TCP:${address}:${port},connect-timeout=${answerSeconds} - 2>/dev/null || echo none`;

const back = ['db', 'web', 'fixed', 'policed', 'rated'];
const ours = ['stays', ...back];

async function begin(): Promise<void> {
  await buildRootfs(daemon, { programs: ['ip', 'busybox', 'socat', 'getent'] });
  await run('network', 'create', '--subnet', '10.77.0.0/24', 'front');
  await run('network', 'create', '--internal', 'inner');
  const start = (name: string, ...flags: readonly string[]) =>
    run(
      ...['run', '-d', '--name', name, ...flags, rootfs],
      ...['socat', 'TCP6-LISTEN:80,ipv6only=0,fork,reuseaddr', `SYSTEM:echo I am ${name}`],
    );
  const always = ['--restart', 'always'];
  // Has the first address, and does not come back by itself.
  await start('stays', '--network', 'front');
  await start('db', ...always, '--network', 'name=front,alias=store', '--network', 'inner');
  await start(
    'web',
    '--restart',
    'unless-stopped',
    '--network',
    'front',
    '-p',
    '0.0.0.0:8300:80',
    '-p',
    '8301:80',
    '-p',
    '0.0.0.0:8304:81/sctp',
  );
  await start('fixed', ...always, '--network', 'front', '--ip', '10.77.0.99');
  await start('policed', ...always, '--egress', `allow=${outside.v4}:80`, '-p', '0.0.0.0:8303:80');
  await start('rated', ...always, '--net-rate', '4mbit', '--net-priority', '6');
  await start('plugged', ...always, '--network', 'cni:blue', '-p', '0.0.0.0:8302:80');
}

const takenOfCni = (): string[] => readdirSync(join(leases, 'blue')).filter((name) => /^\d/.test(name));

/** What there is of networks, in an order that does not depend on that of the starts. */
async function traces() {
  const addresses =
    '{{range $name, $n := .NetworkSettings.Networks}}{{$name}} {{$n.IPAddress}} {{$n.GlobalIPv6Address}} {{$n.MacAddress}} {{end}}';
  const words = (text: string): string =>
    text
      .split(/[\s,{}]+/)
      .sort()
      .join(' ');
  return {
    addresses: Object.fromEntries(
      await Promise.all(ours.map(async (name) => [name, await run('inspect', '-f', addresses, name)])),
    ),
    links: machine.links().filter((name) => !/^veth/.test(name)),
    rules: words(
      machine.sh('nft -s list table inet $(nft list tables | sed -n "s/^table inet liker/liker/p")'),
    ),
    proxies: machine.sh('ip neighbour show proxy'),
    // Plugins of CNI choose names and addresses anew.
    ofCni: machine.sh('ip -br link | grep -c "^veth"; iptables-save | grep -c "^-A CNI"'),
    leases: takenOfCni().length,
    forwards: machine.sh('cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding'),
  };
}

async function assertWorks(): Promise<void> {
  const reach = (port: number) => outside.sh(tcp(machine.v4, port));
  assert.deepEqual([8300, 8302, 8303].map(reach), ['I am web', 'I am plugged', 'I am policed']);
  assert.equal(machine.sh(tcp('127.0.0.1', 8301)), 'I am web');
  assert.equal(outside.sh(tcp(machine.v4, 8301)), 'none');
  await run('exec', '-d', 'web', 'socat', 'SCTP-LISTEN:81,fork', 'SYSTEM:echo web by SCTP');
  // Who says nothing more ends an association of SCTP, so it says nothing at all.
  const associate = `socat -u SCTP:${machine.v4}:8304,retry=${20 * answerSeconds},interval=0.1 -`;
  assert.equal(outside.sh(associate), 'web by SCTP');
  assert.equal(
    await inside('web', `${ask('store')}; ${ask('db.front')}; ${ask('fixed')}`),
    'I am db\nI am db\nI am fixed',
  );
  assert.equal(await inside('web', tcp(outside.v4, 443)), 'outside 443');
  assert.equal(await inside('policed', tcp(outside.v4, 80)), 'outside 80');
  assert.equal(await inside('policed', tcp(outside.v4, 443)), 'none');
  const begin = performance.now();
  const sent = `head -c 1500000 /dev/zero | socat -t ${answerSeconds} - TCP:${outside.v4}:9000`;
  assert.equal(await inside('rated', sent), '1500000');
  const seconds = (performance.now() - begin) / 1000;
  assert.ok(seconds > 2.5, `1.5 MB were sent in ${seconds} s at 4 Mbit/s`);
}

test(isFirst ? 'before' : 'after', async () => {
  if (isFirst) await begin();
  else {
    for (const name of [...back, 'plugged'])
      await until(
        `${name} runs`,
        async () => (await run('inspect', '-f', '{{.State.Running}}', name)) === 'true',
      );
    assert.equal(await run('inspect', '-f', '{{.State.Status}}', 'stays'), 'exited');
    await run('start', 'stays');
  }
  const now = await traces();
  await assertWorks();
  if (isFirst) {
    writeFileSync(told, JSON.stringify(now));
    await daemon.kill9();
    execFileSync('sync');
    return;
  }
  assert.deepEqual(now, JSON.parse(readFileSync(told, 'utf8')));
  assert.equal((await likerctl(daemon, ['rm', '-f', ...ours, 'plugged'])).code, 0);
  await run('network', 'rm', 'front', 'inner');
  await until('no link of a container', () => !machine.links().some((name) => /^(l[vxi]|veth)/.test(name)));
  assert.deepEqual(
    readdirSync(join(leases, 'blue')).filter((name) => /^\d/.test(name)),
    [],
  );
  await daemon.destroy();
});
