// Run by beside.root.test.ts in namespaces of its own: docker and podman, each with a container and a published port, and the firewall beside them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
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

makeHost();
mkdirSync('/run/root/bin', { recursive: true });
cpSync('/bin/busybox', '/run/root/bin/busybox');
symlinkSync('busybox', '/run/root/bin/sh');
const server = ['/bin/busybox', 'httpd', '-f', '-p', '80'];

const dockerSocket = 'unix:///run/docker.sock';
const docker = (...words: readonly string[]): string => run('docker', '-H', dockerSocket, ...words);

function startDocker() {
  const folders = ['--data-root', '/run/d/data', '--exec-root', '/run/d/exec', '--pidfile', '/run/d/pid'];
  return spawn('dockerd', [...folders, '-H', dockerSocket, '--storage-driver', 'vfs'], { stdio: 'ignore' });
}

async function dockerIsUp(): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    try {
      docker('version');
      return;
    } catch {
      await setTimeout(100);
    }
  }
  throw new Error('dockerd does not come up');
}

const podmanConfig = '/run/containers.conf';
writeFileSync(
  podmanConfig,
  '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
);
process.env['CONTAINERS_CONF'] = podmanConfig;
const podman = (...words: readonly string[]): string =>
  run('podman', '--root', '/run/p', '--runroot', '/run/pr', '--storage-driver', 'vfs', ...words);

const results: Record<string, unknown> = {};
async function tell(
  name: string,
  where: string | null,
  address: string,
  port: number,
  says?: string,
): Promise<void> {
  const answer = await ask(where, 'tcp', address, port, says);
  results[name] = answer.startsWith('HTTP') ? 'http' : answer;
}

let dockerd = startDocker();
await dockerIsUp();
run('sh', '-c', `tar -C /run/root -c . | docker -H ${dockerSocket} import - liker-test`);
docker('run', '-d', '--name', 'theirs', '-p', '8088:80', 'liker-test', ...server);
podman(
  '--runtime',
  'runc',
  'run',
  '-d',
  '--name',
  'theirs',
  '-p',
  '8089:80',
  '--rootfs',
  '/run/root',
  ...server,
);

makeBridge('lba', ['10.201.0.1/24', 'fd00:a::1/64']);
makeContainer('a1', 'lba', ['10.201.0.2/24', 'fd00:a::2/64'], ['10.201.0.1', 'fd00:a::1']);
await serve('a1', 80);
await serve('outside', 80);

await tell('alone: docker', 'outside', '192.0.2.1', 8088, 'x\n');
// Docker's policy drops what comes from outside for podman, too.
await tell('alone: podman', null, '192.0.2.1', 8089, 'x\n');
const before = others('liker');
const logged: { readonly message: string; readonly fields: Record<string, string> }[] = [];
const state: FirewallState = {
  policies: [],
  priorities: [],
  networks: [{ bridge: 'lba', subnets: ['10.201.0.0/24', 'fd00:a::/64'], internal: false, masquerade: true }],
  ports: [
    {
      protocol: 'tcp',
      hostAddress: '0.0.0.0',
      hostPort: 8080,
      length: 1,
      address: '10.201.0.2',
      containerPort: 80,
    },
  ],
};
const firewall = new Firewall({
  table: 'liker',
  tableMade: async () => {},
  forwarding: { settings: '/proc/sys/net', file: '/run/forwarding', boot: 'this' },
  log: (_, message, fields) => void logged.push({ message, fields }),
});
await firewall.apply({ add: state });
// Docker found forwarding off, and therefore set the policy of FORWARD to drop.
await tell('docker drops: in', 'outside', '192.0.2.1', 8080);
await tell('docker drops: out', 'a1', '192.0.2.9', 80);
const warning = logged.find(({ message }) => message.startsWith('another firewall drops'));
results['warning'] = warning ?? null;
results['untouched'] = before.length > 500 && others('liker') === before;
if (warning) run('sh', '-c', warning.fields['allow'] ?? '');
const allowed = others('liker');

async function everybody(when: string): Promise<void> {
  await tell(`${when}: in`, 'outside', '192.0.2.1', 8080);
  await tell(`${when}: from the host`, null, '127.0.0.1', 8080);
  await tell(`${when}: out`, 'a1', '192.0.2.9', 80);
  await tell(`${when}: docker`, 'outside', '192.0.2.1', 8088, 'x\n');
  await tell(`${when}: podman`, null, '192.0.2.1', 8089, 'x\n');
}
await everybody('together');
await firewall.rebuild(state);
results['still untouched'] = others('liker') === allowed;
docker('restart', '-t', '0', 'theirs');
dockerd.kill();
await once(dockerd, 'exit');
dockerd = startDocker();
await dockerIsUp();
docker('start', 'theirs');
await everybody('after a restart of docker');
nft('flush', 'ruleset');
for (let tries = 0; tries < 1000 && !nft('list', 'tables').includes('liker'); tries++) await setTimeout(10);
results['back'] = nft('list', 'tables').trim();

await firewall.apply({ remove: state });
await firewall.close();
results['logged'] = logged.map(({ message }) => message);
podman('rm', '-f', '-t', '0', 'theirs');
docker('rm', '-f', 'theirs');
dockerd.kill();
await once(dockerd, 'exit');
stopServers();
console.log(JSON.stringify(results));
process.exit();
