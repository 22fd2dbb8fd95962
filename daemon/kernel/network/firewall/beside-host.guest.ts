// Run by beside-host.root.test.ts in namespaces of its own: ufw or firewalld, and the firewall beside it.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Firewall } from './firewall.ts';
import {
  ask,
  makeBridge,
  makeContainer,
  makeHost,
  nft,
  others,
  run,
  serve,
  stopServers,
} from './lab.guest.ts';
import type { FirewallState } from './state.ts';

/** In place of the host's own folder, so that nothing there changes. */
function copyOver(folder: string): void {
  const copy = join('/run/copies', folder);
  cpSync(folder, copy, { recursive: true });
  run('mount', '--bind', copy, folder);
}

async function startFirewalld(): Promise<void> {
  copyOver('/etc/firewalld');
  mkdirSync('/run/dbus');
  // It returns when its socket is there.
  run('dbus-daemon', '--system', '--fork', '--nopidfile', '--nosyslog');
  spawn('firewalld', ['--nofork', '--nopid'], { stdio: 'ignore' });
  // It fails until firewalld is up.
  for (let tries = 0; tries < 200; tries++) {
    try {
      run('firewall-cmd', '--state');
      return;
    } catch {
      await setTimeout(100);
    }
  }
  throw new Error('firewalld does not come up');
}

const hosts = {
  ufw: {
    async start(): Promise<void> {
      for (const folder of ['/etc/ufw', '/etc/default']) copyOver(folder);
      run('ufw', '--force', 'enable');
    },
    program: 'ufw',
    reload: 'reload',
  },
  firewalld: { start: startFirewalld, program: 'firewall-cmd', reload: '--reload' },
} as const;
const [, , which = ''] = process.argv;
const { start, program, reload } = hosts[which as keyof typeof hosts];

makeHost();
await start();
makeBridge('lba', ['10.201.0.1/24', 'fd00:a::1/64']);
makeContainer('a1', 'lba', ['10.201.0.2/24', 'fd00:a::2/64'], ['10.201.0.1', 'fd00:a::1']);
makeContainer('a2', 'lba', ['10.201.0.3/24', 'fd00:a::3/64'], ['10.201.0.1', 'fd00:a::1']);
makeBridge('lbb', ['10.201.1.1/24']);
makeContainer('b1', 'lbb', ['10.201.1.2/24'], ['10.201.1.1']);
await serve('a1', 80);
await serve('outside', 80);
await serve(null, 7000);

const results: Record<string, unknown> = {};
const state: FirewallState = {
  policies: [],
  priorities: [],
  networks: [
    { bridge: 'lba', subnets: ['10.201.0.0/24', 'fd00:a::/64'], internal: false, masquerade: true },
    { bridge: 'lbb', subnets: ['10.201.1.0/24'], internal: false, masquerade: true },
  ],
  ports: (['0.0.0.0', '::'] as const).map((hostAddress) => ({
    ...{ protocol: 'tcp', hostAddress, hostPort: 8080, length: 1, containerPort: 80 },
    address: hostAddress === '::' ? 'fd00:a::2' : '10.201.0.2',
  })),
};
const logged: { readonly message: string; readonly fields: Record<string, string> }[] = [];
const firewall = new Firewall({
  table: 'liker',
  tableMade: async () => {},
  forwarding: { settings: '/proc/sys/net', file: '/run/forwarding', boot: 'this' },
  log: (_, message, fields) => void logged.push({ message, fields }),
});

const ways = {
  out: ['a1', '192.0.2.9', 80],
  'out, IPv6': ['a1', '2001:db8::9', 80],
  in: ['outside', '192.0.2.1', 8080],
  'in, IPv6': ['outside', '2001:db8::1', 8080],
  'from the host': [null, '127.0.0.1', 8080],
  'to a neighbour': ['a2', '10.201.0.2', 80],
  'to a neighbour by the host': ['a2', '192.0.2.1', 8080],
  'to another network': ['b1', '10.201.0.2', 80],
  'to another network by the host': ['b1', '192.0.2.1', 8080],
  'to the host': ['a1', '10.201.0.1', 7000],
  'past the port': ['outside', '10.201.0.2', 80],
} as const;
run('ip', '-n', 'outside', 'route', 'add', '10.201.0.0/24', 'via', '192.0.2.1');

async function traffic(): Promise<Record<string, string>> {
  const answers = Object.entries(ways).map(async ([way, [place, address, port]]) => [
    way,
    await ask(place, 'tcp', address, port),
  ]);
  return Object.fromEntries(await Promise.all(answers));
}

const before = others('liker');
await firewall.apply({ add: state });
results['as it is'] = await traffic();
results['untouched'] = before.length > 500 && others('liker') === before;
const warnings = logged.filter(({ message }) => message.startsWith('another firewall'));
results['warnings'] = warnings;
run('sh', '-ec', warnings[0]?.fields['allow'] ?? '');

results['configured'] = await traffic();
run(program, reload);
results['after a reload'] = await traffic();
const configured = others('liker');

await firewall.apply({ remove: state });
await firewall.close();
results['unchanged'] = others('liker') === configured;
results['left'] = nft('list', 'tables').includes('liker');
stopServers();
console.log(JSON.stringify(results));
process.exit();
