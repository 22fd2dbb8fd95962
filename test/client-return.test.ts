// When likerd dies during a command of likerctl, the command goes on or is repeated, and takes effect once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Event } from '../proto/gen/types/liker/v1/Event.ts';
import { Api } from './harness/api.ts';
import { Containers } from './harness/containers.ts';
import type { Running } from './harness/likerctl.ts';
import { isAlive, touchInside } from './harness/proc.ts';
import { hasCgroups } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite();
const containers = new Containers(s);

/** Connections to the API's socket, including those that likerd has not accepted yet. */
function connections(): number {
  const sockets = readFileSync('/proc/net/unix', 'utf8').split('\n');
  return sockets.filter((line) => line.endsWith(` ${s.daemon.socket}`)).length;
}

/** Runs commands whose calls reach a likerd that no longer accepts them; it is killed, and the next one gets the calls. */
async function cutOff(commands: readonly (readonly string[])[]): Promise<Running[]> {
  process.kill(s.daemon.pid, 'SIGSTOP');
  const before = connections();
  const clients = commands.map((args) => s.start(args));
  await until('all of them to have called', () => connections() >= before + commands.length);
  await s.daemon.kill9();
  await s.daemon.start();
  return clients;
}

async function comeBack(): Promise<void> {
  await s.daemon.kill9();
  await s.daemon.start();
}

const stubborn = ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done'];

// One after the other, since each of them kills the daemon.
describe('likerd dies while likerctl runs', { concurrency: 1 }, () => {
  test('each short command is repeated by itself', async () => {
    const names = ['stopped', 'restarted', 'killed', 'removed', 'paused', 'renamed', 'updated', 'looked-at'];
    for (const name of names) await containers.start(['sleep', '100000'], { name, stopSignal: 'KILL' });
    await containers.start(['sleep', '100000'], { name: 'resumed' });
    if (hasCgroups) await s.ok(['pause', 'resumed']);
    for (const name of ['started', 'attached'])
      await s.ok(['create', '--name', name, s.rootfs, 'echo', 'once']);
    const before = await s.inspect('restarted');
    const commands = [
      ['stop', 'stopped'],
      ['restart', 'restarted'],
      ['kill', 'killed'],
      ['rm', '-f', 'removed'],
      ['rename', 'renamed', 'renamed-now'],
      ['start', 'started'],
      ['start', '-a', 'attached'],
      ['create', '--name', 'created', s.rootfs, 'true'],
      ['run', '-d', '--name', 'detached', s.rootfs, 'sleep', '100000'],
      ['run', '--rm', s.rootfs, 'echo', 'run'],
      ['exec', 'looked-at', 'echo', 'executed'],
      ['exec', '-d', 'looked-at', 'touch', '/touched'],
      ['top', 'looked-at'],
      ['inspect', '-f', '{{.State.Status}}', 'looked-at'],
      ['logs', 'looked-at'],
      ['stats', '--no-stream', '--format', '{{.Name}}', 'looked-at'],
      ['explain', 'looked-at'],
      ['ps', '-q', '--filter', 'name=looked-at'],
      ['info', '--format', '{{.RootDir}}'],
      ['version', '--format', '{{.Server.Os}}'],
      ['system', 'df'],
      ...(hasCgroups
        ? [
            ['pause', 'paused'],
            ['unpause', 'resumed'],
            ['update', '--pids-limit', '77', 'updated'],
          ]
        : []),
    ];
    const clients = await cutOff(commands);
    for (const [index, client] of clients.entries()) {
      const { code, stderr } = await client.outcome;
      assert.deepEqual([code, stderr], [0, ''], (commands[index] ?? []).join(' '));
    }
    const outputs = (verb: string) => clients[commands.findIndex((args) => args[0] === verb)]?.stdout;
    assert.equal(outputs('exec'), 'executed\n');
    assert.equal(clients[commands.findIndex((args) => args[1] === '-a')]?.stdout, 'once\n');
    assert.equal(outputs('stats'), 'looked-at\n');
    const states = ['stopped', 'killed', 'paused', 'resumed', 'started', 'created', 'detached'];
    assert.deepEqual(await Promise.all(states.map((name) => containers.state(name))), [
      'EXITED 137',
      'EXITED 137',
      hasCgroups ? 'PAUSED' : 'RUNNING',
      'RUNNING',
      'EXITED 0',
      'CREATED',
      'RUNNING',
    ]);
    const after = await s.inspect('restarted');
    assert.ok(after.State.Running && after.State.Pid !== before.State.Pid);
    assert.equal((await s.likerctl(['inspect', 'removed'])).code, 1);
    assert.ok((await s.inspect('renamed-now')).State.Running);
    await s.daemon.empty();
  });

  test('during stop, restart and rm -f: the next likerd finishes them, and the client gets the result', async () => {
    const ids = await Promise.all(['a', 'b', 'c', 'd'].map(() => s.detached([], stubborn)));
    const removing = await s.detached(['--rm'], stubborn);
    const [stopped = '', restarted = '', removed = '', also = ''] = ids;
    for (const id of [...ids, removing])
      await until('it to run', async () => (await s.ok(['logs', id])).includes('ready'));
    const { Pid } = (await s.inspect(restarted)).State;
    const clients = [
      s.start(['stop', '-t', '3', stopped, removing]),
      s.start(['restart', '-t', '3', restarted]),
      s.start(['stop', '-t', '3', removed]),
      s.start(['stop', '-t', '3', also]),
    ];
    await until('the signals', async () => {
      const kills = (await containers.events()).filter(({ action }) => action === 'kill');
      return [...ids, removing].every((id) => kills.some(({ containerId }) => containerId === id));
    });
    await comeBack();
    await s.ok(['rm', '-f', removed]);
    const printed = [`${stopped}\n${removing}\n`, `${restarted}\n`, `${removed}\n`, `${also}\n`];
    for (const [index, client] of clients.entries()) {
      const { code, stdout, stderr } = await client.outcome;
      assert.deepEqual([code, stdout, stderr], [0, printed[index], '']);
    }
    assert.deepEqual(await Promise.all([stopped, also].map((id) => containers.state(id))), [
      'EXITED 137',
      'EXITED 137',
    ]);
    const now = (await s.inspect(restarted)).State;
    assert.ok(now.Running && now.Pid !== Pid && !isAlive(Pid));
    await s.ok(['rm', '-f', stopped, restarted, also]);
  });

  test('wait continues: for an exit, also of a container with --rm, for the next exit, and for a removal', async () => {
    const script = (code: number) => ['sh', '-c', `until [ -e /tmp/go ]; do sleep 0.02; done; exit ${code}`];
    const shared = ['--tmpfs', '/tmp'];
    const ended = await s.detached(['--name', 'ended', ...shared], script(3));
    const gone = await s.detached(['--name', 'gone', '--rm', ...shared], script(4));
    const later = await s.detached(['--name', 'later', ...shared], script(5));
    await s.ok(['create', '--name', 'next', s.rootfs, 'sh', '-c', 'exit 6']);
    await s.ok(['start', '-a', 'next']).catch(() => {});
    await s.ok(['create', '--name', 'to-go', s.rootfs, 'true']);
    const waits = [
      s.start(['wait', 'ended', 'gone', 'later']),
      s.start(['wait', '--condition', 'next-exit', 'next']),
      s.start(['wait', '--condition', 'removed', 'to-go']),
    ];
    await until('all of them to wait', () => connections() >= 3);
    const pids = await Promise.all([ended, gone].map(async (id) => (await s.inspect(id)).State.Pid));
    for (const pid of pids) await s.ok(['exec', pid === pids[0] ? ended : gone, 'true']);
    await s.daemon.kill9();
    for (const pid of pids) touchInside(pid, '/tmp/go');
    await until('their ends', () => !pids.some(isAlive));
    await s.daemon.start();
    await s.ok(['start', 'next']);
    await s.ok(['rm', 'to-go']);
    // Not by an exec, whose process the container could end before it has exited.
    touchInside((await s.inspect(later)).State.Pid, '/tmp/go');
    const outcomes = await Promise.all(waits.map(({ outcome }) => outcome));
    assert.deepEqual(
      outcomes.map(({ code, stdout }) => [code, stdout]),
      [
        [0, '3\n4\n5\n'],
        [0, '6\n'],
        [0, '0\n'],
      ],
    );
    for (const { stderr } of outcomes)
      assert.match(stderr, /^likerctl: lost likerd; .*\nlikerctl: reconnected\n$/);
    await s.ok(['rm', 'ended', 'later', 'next']);
  });

  test('logs -f and events continue without gap or repetition, and stats continues', async () => {
    const count =
      'i=0; while [ $i -lt 600 ]; do echo line $i; echo err $i >&2; i=$((i+1)); sleep 0.01; done; until [ -e /done ]; do sleep 0.1; done';
    const id = await s.detached(['--name', 'counts'], ['sh', '-c', count]);
    const logs = s.start(['logs', '-f', 'counts']);
    const tail = s.start(['logs', '-f', '-t', '--tail', '1', 'counts']);
    const events = s.start(['events', '--format', '{{.Seq}} {{.Action}}']);
    const since = s.start([
      'events',
      '--since',
      '0',
      '--filter',
      'container=counts',
      '--format',
      '{{.Action}}',
    ]);
    const stats = s.start(['stats', '--interval', '100ms', '--format', '{{.Name}}', 'counts']);
    const followers = [events, since, stats];
    await Promise.all([logs.waitFor('line 3\n'), tail.waitFor('line'), stats.waitFor('counts\n')]);
    await s.ok(['exec', id, 'true']);
    await events.waitFor('exec_die');
    const before = stats.stdout.length;
    for (let death = 0; death < 3; death++) {
      await comeBack();
      await s.ok(['exec', id, 'true']);
    }
    await until('more figures', () => stats.stdout.length > before);
    await s.ok(['exec', id, 'touch', '/done']);
    const { code, stdout, stderr } = await logs.outcome;
    const lines = (name: string) => Array.from({ length: 600 }, (_, index) => `${name} ${index}\n`).join('');
    assert.deepEqual([code, stdout], [0, lines('line')]);
    assert.equal(
      stderr
        .split('\n')
        .filter((line) => line.startsWith('err'))
        .join('\n')
        .concat('\n'),
      lines('err'),
    );
    const times = (await tail.outcome).stdout.split('\n').filter(Boolean);
    const numbers = times.map((line) => Number(line.split('line ')[1]));
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => (numbers[0] ?? 0) + index),
    );
    await s.ok(['rm', id]);
    await stats.outcome.then(({ code: end }) => assert.equal(end, 0));
    await Promise.all([events, since].map((client) => client.waitFor('destroy')));
    const seqs = events.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => Number(line.split(' ')[0]));
    assert.deepEqual(
      seqs,
      seqs.map((_, index) => (seqs[0] ?? 0) + index),
    );
    const actions = since.stdout.split('\n').filter(Boolean);
    const kept = (await containers.events()).filter(({ containerName }: Event) => containerName === 'counts');
    assert.deepEqual(
      actions,
      kept.map(({ action }) => action),
    );
    for (const client of followers) client.kill('SIGKILL');
  });
});

test('a repeated call is carried out once, even by another likerd', async () => {
  const note = 'trap "echo hup >>/seen" HUP; echo run >>/seen; while :; do sleep 0.02; done';
  const live = await s.detached(['--name', 'noted'], ['sh', '-c', note]);
  const short = await s.ok(['create', '--name', 'short', s.rootfs, 'sh', '-c', 'echo run >>/seen']);
  const attached = await s.ok([
    'create',
    '--name',
    'attached',
    s.rootfs,
    'sh',
    '-c',
    'echo run >>/seen; echo out',
  ]);
  const removed = await s.ok(['create', '--name', 'removed', s.rootfs, 'true']);
  await s.ok(['create', '--name', 'renamed', s.rootfs, 'true']);
  const seen = (id: string) =>
    readFileSync(join(s.daemon.root, 'containers', id, 'upper/seen'), 'utf8')
      .split('\n')
      .filter(Boolean);
  await until('it to run', () => seen(live).length === 1);
  for (let round = 0; round < 3; round++) {
    using api = new Api(s.daemon);
    const { containers: calls } = api;
    const call = (invoke: (done: never) => unknown) => api.call((done) => invoke(done as never));
    await call((done) => calls.KillContainer({ container: 'noted', signal: 'HUP', requestId: 'k' }, done));
    await call((done) => calls.StartContainer({ container: 'short', requestId: 's' }, done));
    await call((done) => calls.WaitContainer({ container: 'short' }, done));
    await call((done) =>
      calls.RenameContainer({ container: 'renamed', newName: 'now', requestId: 'n' }, done),
    );
    await call((done) => calls.RemoveContainer({ container: 'removed', requestId: 'r' }, done));
    const session = api.attach('attached', { startContainer: true, requestId: 'a' });
    assert.equal((await session.exit()).code, 0);
    const process = { args: ['sh', '-c', 'echo exec >>/seen; exit 5'] };
    const exec = api.exec('noted', process, { requestId: 'e' });
    if (round < 2) assert.equal((await exec.exit()).code, 5);
    // It has ended and its client knows; the next likerd no longer knows it, and says so.
    else await assert.rejects(exec.exit(), /has ended/);
    await until('the signal', () => seen(live).includes('hup'));
    if (round === 1) await comeBack();
  }
  assert.deepEqual(seen(live).sort(), ['exec', 'hup', 'run']);
  assert.deepEqual([seen(short), seen(attached)], [['run'], ['run']]);
  const restart = async () => {
    using api = new Api(s.daemon);
    await api.call((done) =>
      api.containers.RestartContainer(
        { container: 'noted', timeoutSeconds: 0, requestId: 'again' },
        done as never,
      ),
    );
    return (await s.inspect('noted')).State.Pid;
  };
  const pid = await restart();
  await comeBack();
  assert.equal(await restart(), pid);
  assert.equal((await s.likerctl(['inspect', removed])).code, 1);
  await s.ok(['rm', '-f', 'noted', 'short', 'attached', 'now']);
});
