// What becomes of networks when likerd is killed, and what is left after containers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { ask, networkSuite } from './harness/network-suite.ts';
import { reboot } from './harness/reboot.ts';
import { hangMs, until } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

const s = await networkSuite();
const { box, server, addressOf } = s;

const inside = (container: string, script: string) => s.ok(['exec', container, 'sh', '-c', script]);

async function killed(): Promise<void> {
  await s.daemon.kill9();
}

/** Links of the machine, what its tables of nftables hold, and rows of addresses. */
function traces(): { links: string[]; rules: string; rows: number } {
  return {
    links: box.machine.links(),
    rules: box.machine.sh('nft list ruleset'),
    rows: rows(),
  };
}

/** likerd has the database for itself, so a copy is read. */
function rows(): number {
  const copy = mkdtempSync(join(tmpdir(), 'lk-db-'));
  try {
    for (const file of ['liker.db', 'liker.db-wal'])
      copyFileSync(join(s.daemon.root, file), join(copy, file));
    using db = new DatabaseSync(join(copy, 'liker.db'));
    return db.prepare('SELECT * FROM endpoint').all().length;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Each container's network namespace keeps its end of a link alive, whatever becomes of the other end's name. */
const ofContainers = (): string[] => box.machine.links().filter((name) => /^l[vx]/.test(name));

inBothModes(
  'traffic, names and ports go on without likerd, and with the next one',
  async ({ flags, userns }) => {
    const [web, client] = [`web-${userns}`, `client-${userns}`];
    const port = userns === 'host' ? 8080 : 8180;
    await server(web, ['-p', `0.0.0.0:${port}:80`, ...flags]);
    await s.detached(
      ['--name', client, ...flags],
      [...['sh', '-c'], `while :; do ${ask(web)}; sleep 0.05; done`],
    );
    const outside = await box.host(userns === 'host' ? 40 : 41);
    const reach = () => outside.sh(ask(box.machine.v4, port));
    const lines = async () => (await s.ok(['logs', client])).split('\n').length;
    const pid = (await s.inspect(client)).State.Pid;
    assert.equal(reach(), `I am ${web}`);
    const address = await addressOf(web);
    await until('traffic', async () => (await lines()) > 3);
    await killed();
    assert.equal(reach(), `I am ${web}`, 'a published port, while likerd is away');
    const asked = execFileSync('nsenter', ['-t', String(pid), '-n', 'sh', '-c', ask(address)]);
    assert.equal(asked.toString().trim(), `I am ${web}`);
    await s.daemon.start();
    const before = await lines();
    await until('traffic after the restart', async () => (await lines()) > before + 3);
    const said = new Set((await s.ok(['logs', client])).split('\n'));
    assert.deepEqual([...said], [`I am ${web}`], 'no request of the client failed');
    assert.equal(reach(), `I am ${web}`);
    assert.equal(await addressOf(web), address);
    assert.equal(await inside(client, `${ask(`${web}.bridge`)}`), `I am ${web}`);
    // Whoever comes now gets another address, and is found.
    const third = `third-${userns}`;
    await server(third, flags);
    assert.notEqual(await addressOf(third), address);
    assert.equal(await inside(client, ask(third)), `I am ${third}`);
    await s.ok(['restart', '-t', '0', web]);
    assert.equal(await addressOf(web), address, 'it has its address again');
    assert.equal(reach(), `I am ${web}`);
    await s.ok(['rm', '-f', web, client, third]);
  },
);

test('a container that ends while likerd is away leaves nothing on its network', async () => {
  const id = await s.detached(['-p', '9000:80'], ['sleep', '1000']);
  const { State } = await s.inspect(id);
  await killed();
  process.kill(State.Pid, 'SIGKILL');
  await until('the process to end', () => !isThere(State.Pid));
  await s.daemon.start();
  await until('its traces to go', () => rows() === 0 && ofContainers().length === 0);
  assert.doesNotMatch(traces().rules, /9000/);
  await s.ok(['rm', id]);
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** npm run endurance: 500 containers and 20 kills. */
const isLong = process.env['LIKER_KILLS'] !== undefined;
const [kills, atOnce] = isLong ? [20, 25] : [5, 10];

test(`${kills * atOnce} containers and ${kills} kills leave links, rules, namespaces and rows as before`, {
  timeout: isLong ? 3_600_000 : 5 * hangMs,
}, async () => {
  await s.ok(['network', 'create', 'many']);
  await s.ok(['run', '--rm', '--network', 'bridge', '--network', 'many', s.rootfs, 'true']);
  const isOver = () => rows() === 0 && ofContainers().length === 0;
  await until('the first one to be gone', isOver);
  const before = traces();
  for (let round = 0; round < kills; round += 1) {
    const names = Array.from({ length: atOnce }, (_, index) => `c${round}-${index}`);
    const networks = ['--network', 'bridge', '--network', 'many'];
    const started = names.map((name, index) =>
      s.likerctl([
        ...['run', '-d', '--name', name, ...networks, '-p', `${9100 + index}:80`, s.rootfs, 'sleep', '1000'],
      ]),
    );
    // In the middle of starts in every second round, and of removals in the others.
    if (round % 2 === 0) await until('a start', () => rows() > 4);
    else await Promise.all(started);
    const removed = round % 2 === 0 ? null : s.likerctl(['rm', '-f', ...names]);
    await killed();
    await s.daemon.start();
    await Promise.all([...started, removed]);
    await s.likerctl(['rm', '-f', ...names]);
  }
  await until('all to be gone', isOver);
  // A bridge is made again when the next container needs it.
  await s.ok(['run', '--rm', '--network', 'bridge', '--network', 'many', s.rootfs, 'true']);
  await until('the last one to be gone', isOver);
  assert.deepEqual(traces(), before);
  await s.ok(['network', 'rm', 'many']);
});

test('after a reboot, networks are made again as containers start, which have their addresses again', async () => {
  await s.ok(['network', 'create', 'again']);
  await server('stays', ['--network', 'again']);
  await server('comes', ['--restart', 'always', '--network', 'again', '-p', '0.0.0.0:8300:80']);
  const address = await addressOf('comes', 'again');
  const { Subnet } = JSON.parse(
    await s.ok(['network', 'inspect', '-f', '{{json (index .IPAM.Config 0)}}', 'again']),
  );
  await reboot(s.daemon, async () => {
    box.machine.sh('nft flush ruleset');
    for (const name of box.machine.links().filter((link) => link.startsWith('lb')))
      box.machine.sh(`ip link del ${name}`);
  });
  await until('the restart', async () => (await s.inspect('comes')).State.Running);
  assert.equal((await s.inspect('stays')).State.Status, 'exited');
  assert.equal(rows(), 1);
  assert.equal(await addressOf('comes', 'again'), address);
  const shown = JSON.parse(
    await s.ok(['network', 'inspect', '-f', '{{json (index .IPAM.Config 0)}}', 'again']),
  );
  assert.equal(shown.Subnet, Subnet);
  const outside = await box.host(50);
  const reach = () => outside.sh(ask(box.machine.v4, 8300));
  assert.equal(reach(), 'I am comes');
  await s.ok(['start', 'stays']);
  assert.equal(await inside('stays', ask('comes')), 'I am comes');
  await s.ok(['rm', '-f', 'comes', 'stays']);
  await s.ok(['network', 'rm', 'again']);
});

test('a container whose records were lost keeps its network and its address', async () => {
  await s.ok(['network', 'create', 'kept']);
  await server('lost', ['--network', 'kept']);
  const address = await addressOf('lost', 'kept');
  await killed();
  for (const file of ['liker.db', 'liker.db-wal']) rmSync(join(s.daemon.root, file), { force: true });
  await s.daemon.start();
  assert.equal(await addressOf('lost', 'kept'), address);
  assert.equal(await s.sh(['--network', 'kept'], `${ask('lost')}; ${ask(address)}`), 'I am lost\nI am lost');
  await s.ok(['rm', '-f', 'lost']);
  await s.ok(['network', 'rm', 'kept']);
});
