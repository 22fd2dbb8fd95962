// Names of containers and of the outside, as programs in containers find them, and what becomes of them when something is killed.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { repository } from './harness/daemon.ts';
import { NetBox, type NetMachine } from './harness/net-box.ts';
import { parentOf } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

const box = await NetBox.open();
const s = suite({
  within: box.machine.within,
  args: ['--default-network', 'bridge'],
  programs: ['busybox', 'getent'],
});
after(() => box.close());

/** A host outside with a name server, whose questions go to `asked`. */
async function nameServer(number: number, asked: string[] = []): Promise<NetMachine> {
  const host = await box.host(number);
  const server = host.start([
    process.execPath,
    join(repository, 'native/test/names/name-server.ts'),
    host.v4,
  ]);
  if (!server.stdout) throw new Error('The name server has no output');
  createInterface({ input: server.stdout }).on('line', (line) => asked.push(line));
  await until('the name server', () => asked.includes('ready'));
  return host;
}

function addressOf(container: string, network: string): Promise<string> {
  return s.ok(['inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, container]);
}

const find = (name: string) => `getent ahostsv4 ${name} | head -n 1 | cut -d ' ' -f 1`;

/** What a container's process finds: asked from the host, so that likerd need not run. */
function ask(pid: number, name: string): string {
  const script = `chroot /proc/${pid}/root /bin/busybox nslookup ${name} 127.0.0.11 | tail -n +3; true`;
  return box.machine.run(['nsenter', `--net=/proc/${pid}/ns/net`, 'sh', '-c', script]);
}

const pidOf = async (name: string) => (await s.inspect(name)).State.Pid;

/** The process that answers for the containers of this daemon, without its guard, which is a child of it. */
function resolverPids(): number[] {
  const { run } = s.daemon;
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
        return program.endsWith('/liker-resolver') && args.includes(run);
      } catch {
        return false;
      }
    });
  return all.filter((pid) => !all.includes(parentOf(pid)));
}

inBothModes('names are there as soon as a start has returned', async ({ flags, userns }) => {
  // Nobody answers there, and the system says so at once.
  const dns = ['--dns', box.machine.v4];
  await s.detached(['--name', `first-${userns}`, ...dns, ...flags], ['sleep', 'infinity']);
  for (let turn = 0; turn < 5; turn += 1) {
    await s.detached(['--name', 'second', ...flags], ['sleep', 'infinity']);
    const address = await addressOf('second', 'bridge');
    assert.equal(await s.ok(['exec', `first-${userns}`, 'bash', '-c', find('second')]), address);
    const back = await s.ok(['exec', `first-${userns}`, 'getent', 'hosts', address]);
    assert.match(back, /second\.bridge$/);
    await s.ok(['rm', '-f', 'second']);
    assert.equal(
      await s.ok(['exec', `first-${userns}`, 'bash', '-c', `getent hosts ${address} || echo none`]),
      'none',
    );
  }
  await s.ok(['rm', '-f', `first-${userns}`]);
});

inBothModes(
  '--dns is asked for what is outside, with --dns-search and --dns-option',
  async ({ flags, userns }) => {
    const asked: string[] = [];
    const outside = await nameServer(userns === 'host' ? 21 : 22, asked);
    const dns = ['--dns', outside.v4, '--dns-search', 'far.example', '--dns-option', 'ndots:2'];
    assert.equal(await s.sh([...flags, ...dns], find('web')), outside.v4);
    assert.ok(
      asked.some((line) => line.startsWith('udp web.far.example ')),
      asked.join('\n'),
    );
    // One dot is not enough to be asked for as it is.
    assert.equal(await s.sh([...flags, ...dns], find('web.near')), outside.v4);
    assert.ok(
      asked.some((line) => line.startsWith('udp web.near.far.example ')),
      asked.join('\n'),
    );
    const file = await s.sh([...flags, ...dns], 'cat /etc/resolv.conf');
    assert.match(file, /^nameserver 127\.0\.0\.11$/m);
    assert.match(file, /^search far\.example$/m);
    // By TCP, since the answer is too long.
    const many = await s.sh([...flags, ...dns], 'getent ahostsv4 big.example | grep -c STREAM');
    assert.equal(many, '200');
  },
);

test('no question leaves an internal network', async () => {
  const asked: string[] = [];
  const outside = await nameServer(23, asked);
  await s.ok(['network', 'create', '--internal', 'inside']);
  await s.detached(['--name', 'within', '--network', 'inside'], ['sleep', 'infinity']);
  const flags = ['--network', 'inside', '--dns', outside.v4];
  assert.equal(await s.sh(flags, find('within')), await addressOf('within', 'inside'));
  assert.equal(await s.sh(flags, 'getent hosts secret.example || echo none'), 'none');
  assert.deepEqual(asked, ['ready']);
  await s.ok(['rm', '-f', 'within']);
  await s.ok(['network', 'rm', 'inside']);
});

test('names are found while likerd is away, after it has come back, and after the resolver was killed', async () => {
  for (const name of ['asker', 'web']) await s.detached(['--name', name], ['sleep', 'infinity']);
  const address = await addressOf('web', 'bridge');
  const pid = await pidOf('asker');
  const [before = 0] = resolverPids();
  await s.daemon.kill9();
  assert.ok(ask(pid, 'web').includes(address));
  await s.daemon.restart();
  assert.ok(ask(pid, 'web').includes(address));
  assert.deepEqual(resolverPids(), [before]);
  await s.detached(['--name', 'late'], ['sleep', 'infinity']);
  assert.ok(ask(pid, 'late').includes(await addressOf('late', 'bridge')));

  process.kill(before, 'SIGKILL');
  await until('another resolver', () => ask(pid, 'web').includes(address));
  assert.ok(ask(pid, 'late').includes(await addressOf('late', 'bridge')));
  // Both at once.
  const [second = 0] = resolverPids();
  await s.daemon.kill9();
  process.kill(second, 'SIGKILL');
  await s.daemon.restart();
  await until('another resolver', () => ask(pid, 'web').includes(address));
  await s.ok(['rm', '-f', 'asker', 'web', 'late']);
});
