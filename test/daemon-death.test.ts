// Nothing dies with the daemon: kill -9 of likerd, and of a shim.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Cgroups } from '../daemon/kernel/cgroup/cgroups.ts';
import { Api, type ApiSession } from './harness/api.ts';
import { Containers } from './harness/containers.ts';
import { connectedTo, throughLikerd } from './harness/direct.ts';
import { isAlive, residentBytes } from './harness/proc.ts';
import { hasCgroups, requiresCgroups } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { takeOverShim } from './harness/take-over-shim.ts';
import { shellOnTerminal } from './harness/terminal.ts';
import { until, within } from './harness/until.ts';

const s = suite({ helpers: ['counter'] });
const containers = new Containers(s);

const prompt = /#$/;

/** Kills likerd with SIGKILL and starts a new one. Returns the time until that serves. */
async function dieAndComeBack(): Promise<number> {
  await s.daemon.kill9();
  const start = Date.now();
  await s.daemon.start();
  return Date.now() - start;
}

/** Lifts the limits, as the shim does after half a minute without a daemon: its process may run ahead of the client. */
const liftLimits = (id: string) => takeOverShim(s, id, { liftLimits: true });

// One after the other, since each of them kills the daemon.
describe('kill -9 of likerd', { concurrency: 1 }, () => {
  test('containers, execs, shells and logs continue, and a new likerd adopts them all within a second', async () => {
    const count = 'i=0; while :; do echo line $i; i=$((i+1)); sleep 0.02; done';
    const ids = await Promise.all(
      ['one', 'two', 'three'].map((name) => s.detached(['--name', `goes-on-${name}`], ['sh', '-c', count])),
    );
    const [first = ''] = ids;
    await s.ok(['exec', '-d', first, 'sleep', '4321']);
    if (hasCgroups) await s.ok(['pause', 'goes-on-three']);
    const before = await Promise.all(ids.map((id) => s.inspect(id)));
    const exec = before[0]?.ExecIDs[0] ?? '';
    assert.match(exec, /^[0-9a-f]{64}$/);

    await s.daemon.kill9();
    const linesBefore = logLines(before[0]?.LogPath ?? '');
    await until(
      'the log to go on without a daemon',
      () => logLines(before[0]?.LogPath ?? '') > linesBefore + 5,
    );
    for (const { State } of before) assert.ok(isAlive(State.Pid) && isAlive(State.ShimPid));
    const start = Date.now();
    await s.daemon.start();
    const served = Date.now() - start;
    const now = await Promise.all(ids.map((id) => s.inspect(id)));
    assert.deepEqual(
      now.map(({ State }) => [State.Status, State.Pid, State.ShimPid]),
      before.map(({ State }) => [State.Status, State.Pid, State.ShimPid]),
    );
    assert.deepEqual(now[0]?.ExecIDs, [exec]);
    assert.ok(served < 3000, `adopted and served after ${served} ms, a start of Node included`);
    // Adoption itself, by the daemon's own clock.
    const seen = await s.ok(['logs', first]);
    const numbers = seen.split('\n').map((line) => Number(line.replace('line ', '')));
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
      'no line of the log is missing or twice',
    );
    assert.match(await s.ok(['top', first]), /sleep 4321/);
    if (hasCgroups) await s.ok(['unpause', 'goes-on-three']);
    assert.equal(await s.ok(['exec', 'goes-on-three', 'echo', 'hi']), 'hi');
    assert.equal(await s.ok(['stop', '-t', '0', ...ids]), ids.join('\n'));
    await s.ok(['rm', ...ids]);
  });

  test(
    'between freezing and recording a pause, a resume or a signal to all: no container that should run stays frozen',
    requiresCgroups('pause'),
    async (t) => {
      const names = ['frozen', 'thawed', 'frozen-orphan'];
      const tick = ['sh', '-c', 'while :; do echo >>/ticks; sleep 0.02; done'];
      const [frozen = '', thawed = '', orphan = ''] = await Promise.all(
        names.map((name) => containers.start(tick, { name })),
      );
      t.after(() => containers.remove(frozen, thawed, orphan));
      await s.ok(['pause', 'thawed']);
      const shim = (await s.inspect(orphan)).State.ShimPid;
      const { lastSeq } = await lastEvent();
      await s.daemon.kill9();
      const cgroups = Cgroups.open({ parent: s.daemon.cgroup });
      await cgroups.open(frozen).freeze();
      await cgroups.open(orphan).freeze();
      await cgroups.open(thawed).thaw();
      process.kill(shim, 'SIGKILL');
      await until('the end of the shim', () => !isAlive(shim));
      await s.daemon.start();

      const states = await Promise.all([frozen, thawed, orphan].map((id) => containers.state(id)));
      assert.deepEqual(states, ['RUNNING', 'RUNNING', 'ORPHANED']);
      for (const id of [frozen, thawed, orphan]) {
        const ticks = () => statSync(join(s.daemon.root, 'containers', id, 'upper/ticks')).size;
        const before = ticks();
        await until(`${id} to go on`, () => ticks() > before);
      }
      const events = (await containers.events()).filter(({ seq }) => Number(seq) > lastSeq);
      assert.deepEqual(events.map(({ action, containerName }) => `${containerName} ${action}`).sort(), [
        'frozen-orphan orphaned',
        'thawed unpause',
      ]);
    },
  );

  test('the next likerd knows containers in a network namespace given by a path, including one that never ran', async () => {
    // In the user namespace of likerd, so that an ordinary user's may enter it, too.
    const holder = await s.detached(['--userns', 'host', '--network', 'none'], ['sleep', '1000']);
    try {
      const path = `/proc/${(await s.inspect(holder)).State.Pid}/ns/net`;
      const flags = ['--network', `ns:${path}`];
      const id = await s.detached(flags, ['sleep', '1000']);
      const created = await s.ok(['create', ...flags, s.rootfs, 'sleep', '1000']);
      await dieAndComeBack();
      assert.equal((await s.inspect(id)).State.Status, 'running');
      assert.equal((await s.inspect(created)).State.Status, 'created');
      assert.equal(await s.ok(['exec', id, 'readlink', '/proc/self/ns/net']), readlinkSync(path));
      await s.ok(['start', created]);
      assert.equal(await s.ok(['exec', created, 'readlink', '/proc/self/ns/net']), readlinkSync(path));
      await s.ok(['rm', '-f', id, created]);
    } finally {
      await s.ok(['rm', '-f', holder]);
    }
  });

  test('with thirty containers a new likerd is ready in less than a second', async () => {
    const empty = await dieAndComeBack();
    const ids: string[] = [];
    for (let index = 0; index < 30; index++) ids.push(await containers.start(['sleep', '100000']));
    // The best of three, since other work on this machine does not count.
    let full = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3 && full - empty >= 1000; round++) full = await dieAndComeBack();
    assert.equal((await s.ok(['ps', '-q'])).split('\n').length, ids.length);
    assert.ok(full - empty < 1000, `${full} ms with them, ${empty} ms without`);
    await s.ok(['rm', '-f', ...ids]);
  });

  test('an interactive likerctl reconnects to the same shell and says so in one line', async () => {
    const env = throughLikerd;
    await using terminal = s.terminal(['run', '-it', '--rm', s.rootfs, 'bash', '--norc'], { env });
    await terminal.waitForText(prompt);
    await terminal.run('kept=yes; echo $$', /2\r\n/);
    await dieAndComeBack();
    await terminal.waitForText('reconnected');
    await terminal.run('echo $kept $$', /yes 2\r\n/);
    const notices = terminal
      .history()
      .split('\n')
      .filter((line) => line.includes('likerctl:'));
    assert.ok(notices.length <= 2, notices.join('\n'));
    terminal.resize(101, 31);
    await until('the size', async () => (await terminal.run('stty size', /\d+ \d+\r\n/)).includes('31 101'), {
      everyMs: 200,
    });
    terminal.type('exit 4\r');
    assert.equal(await terminal.end(), 4);
  });

  test('one that is connected to the shim goes on without a word, and learns of its end from the next likerd', async () => {
    await using terminal = s.terminal(['run', '-it', '--rm', '--name', 'quiet', s.rootfs, 'bash', '--norc'], {
      env: { LIKER_BYTES: 'direct' },
    });
    await terminal.waitForText(prompt);
    await connectedTo((await s.inspect('quiet')).State.ShimPid);
    await terminal.run('echo $((40 + 2))', /42\r\n/);
    await s.daemon.kill9();
    terminal.resize(101, 31);
    await until('the size', async () => (await terminal.run('stty size', /\d+ \d+\r\n/)).includes('31 101'), {
      everyMs: 200,
    });
    await s.daemon.start();
    await until('its return', async () => (await s.inspect('quiet')).AttachedClients === 1);
    terminal.type('exit 4\r');
    assert.equal(await terminal.end(), 4);
    assert.doesNotMatch(terminal.history(), /likerctl:/);
  });

  test('an interactive exec reconnects as well', async () => {
    const id = await s.detached([], ['sleep', '1000']);
    await using terminal = s.terminal(['exec', '-it', id, 'bash', '--norc'], { env: throughLikerd });
    await terminal.waitForText(prompt);
    await terminal.run('kept=exec; echo $$', /\d+\r\n/);
    await dieAndComeBack();
    await terminal.waitForText('reconnected');
    await terminal.run('echo $kept', /exec\r\n/);
    terminal.type('exit 5\r');
    assert.equal(await terminal.end(), 5);
    await s.ok(['rm', '-f', id]);
  });

  test('output that was sent but did not arrive is sent again if likerd dies and its client loses it', async () => {
    const words = { args: ['sh', '-c', 'echo all of it; exit 7'] };
    const id = await containers.start(['sleep', '100000']);
    for (const open of [
      (more: object) => s.api.run(s.spec(words.args), more),
      (more: object) => s.api.exec(id, words, more),
    ]) {
      const session = open({ confirmsOutput: true });
      // It no longer answers when it is asked whether everything has arrived.
      const asked = new Promise((resolve) =>
        session.stream.on('data', ({ output }) => output?.frame === 'outputEnd' && resolve(null)),
      );
      const { containerId, processId, sessionId } = await session.ready;
      await within('output_end', asked);
      await s.daemon.kill9();
      await session.end.catch(() => null);
      await s.daemon.start();
      const resumed = s.api.attach(containerId, { processId, resume: { sessionId } });
      assert.equal((await resumed.exit()).code, 7);
      assert.equal(resumed.stdout.toString(), 'all of it\n');
    }
    await s.ok(['rm', '-f', id]);
  });

  test('a client that reads along misses no byte, and gets none twice, however often the daemon dies', async () => {
    // 12 MiB of numbered lines over some seconds.
    const lines = 400_000;
    const running = s.start(['run', '--rm', s.rootfs, 'counter', String(lines), '20'], { hangMs: 120_000 });
    await running.waitFor('\n');
    for (let death = 0; death < 3; death++) await dieAndComeBack();
    const { code, bytes, stderr } = await running.outcome;
    assert.equal(code, 7, stderr);
    assert.equal(digest(bytes), digest(counted(lines)), stderr);
  });

  test('run --rm of a finite output that ends while no daemon is running: every byte and the exit code arrive', async () => {
    const running = s.start(['run', '--rm', '--name', 'finite', s.rootfs, 'counter', '5000', '0', '2000']);
    await running.waitFor('line 0\n');
    const { State } = await s.inspect('finite');
    await s.daemon.kill9();
    await until('its end without a daemon', () => !isAlive(State.Pid));
    await s.daemon.start();
    const { code, bytes, stderr } = await running.outcome;
    assert.equal(code, 7, stderr);
    assert.equal(digest(bytes), digest(counted(5000)), stderr);
    await until('its removal', async () => (await s.likerctl(['inspect', 'finite'])).code === 1);
  });

  test('input in flight arrives once', async () => {
    const running = s.start(['run', '-i', '--rm', s.rootfs, 'sh', '-c', 'echo ready; cat; exit 9'], {
      stdin: 'open',
    });
    await running.waitFor('ready');
    const blocks = Array.from({ length: 60 }, (_, index) => `${index}`.padStart(20_000, '.'));
    const write = (async () => {
      for (const block of blocks) {
        running.write(`${block}\n`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await dieAndComeBack();
    await write;
    running.closeStdin();
    const { code, stdout, stderr } = await running.outcome;
    assert.equal(code, 9, stderr);
    assert.equal(digest(Buffer.from(stdout)), digest(Buffer.from(`ready\n${blocks.join('\n')}\n`)), stderr);
  });

  test('exit statuses from the time without a daemon are available afterwards', async () => {
    const wants = [0, 3, 137];
    const ids = await Promise.all(
      wants.map((code) =>
        s.detached([], ['sh', '-c', code === 137 ? 'sleep 1; kill -9 $$' : `sleep 1; exit ${code}`]),
      ),
    );
    const pids = (await Promise.all(ids.map((id) => s.inspect(id)))).map(({ State }) => State.Pid);
    const removed = await s.detached(['--rm'], ['sleep', '1']);
    await s.daemon.kill9();
    await until('their ends', () => pids.every((pid) => !isAlive(pid)));
    await s.daemon.start();
    assert.deepEqual((await s.ok(['wait', ...ids])).split('\n').map(Number), wants);
    const states = await Promise.all(ids.map((id) => s.inspect(id)));
    assert.deepEqual(
      states.map(({ State }) => [State.Status, State.ExitCode]),
      wants.map((code) => ['exited', code]),
    );
    await until(
      'the removal of the one with --rm',
      async () => (await s.likerctl(['inspect', removed])).code === 1,
    );
    await s.ok(['rm', ...ids]);
  });

  test("a client's wait continues with another call, and events from the time without a daemon are numbered without a gap", async () => {
    const id = await s.detached([], ['sh', '-c', 'sleep 0.7; exit 6']);
    const { lastSeq } = await lastEvent();
    const { Pid } = (await s.inspect(id)).State;
    await s.daemon.kill9();
    await until('its end', () => !isAlive(Pid));
    await s.daemon.start();
    await s.ok(['wait', id]);
    const events = await until('the die event', async () => {
      const lines = await s.ok(['events', '--since', String(lastSeq), '--until', '0s', '--format', 'json']);
      const all = lines
        .split('\n')
        .filter(Boolean)
        .map(
          (line) =>
            JSON.parse(line) as {
              Seq: number;
              Action: string;
              Actor: { Attributes: Record<string, string> };
            },
        );
      return all.some(({ Action }) => Action === 'die') && all;
    });
    assert.deepEqual(
      events.map(({ Seq }) => Seq),
      events.map((_, index) => lastSeq + 1 + index),
    );
    assert.equal(events.find(({ Action }) => Action === 'die')?.Actor.Attributes['exitCode'], '6');
    await s.ok(['rm', id]);
  });

  test('stdin of a client that never returns makes room for that of the next client', async () => {
    const script = 'echo ready; while [ ! -e /go ]; do sleep 0.02; done; exec wc -c';
    const process = { args: ['sh', '-c', script], openStdin: true };
    const window = 1 << 20;
    const fill = (session: ApiSession) => {
      for (let sent = 0; sent < window; sent += 1 << 16) session.type(Buffer.alloc(1 << 16, 'x'));
    };
    using first = new Api(s.daemon);
    const lost = first.run(s.spec(process.args, process, { name: 'fed', autoRemove: false }));
    await lost.waitFor('ready');
    const { ShimPid } = (await s.inspect('fed')).State;
    const before = residentBytes(ShimPid);
    fill(lost);
    // More than fits into the pipe.
    await until('the shim to hold it', () => residentBytes(ShimPid) > 0.6 * window + before);
    lost.vanish();
    await s.daemon.kill9();
    await s.daemon.start();
    using second = new Api(s.daemon);
    const next = second.attach('fed');
    await next.ready;
    fill(next);
    next.send({ closeStdin: {} });
    await s.ok(['exec', 'fed', 'touch', '/go']);
    assert.equal((await next.exit()).code, 0);
    const counted = Number(next.stdout.toString().replace('ready', ''));
    assert.ok(counted > 1.6 * window && counted <= 2 * window, String(counted));
    await s.ok(['rm', 'fed']);
  });

  // Without likerd between them, ctrl-c is a key of the process.
  test('the terminal is restored when the user gives up', async () => {
    const folder = s.folder('given-up');
    await using terminal = shellOnTerminal(
      s.daemon,
      `stty -a >${folder}/before; LIKER_BYTES=likerd likerctl run -it --name given-up ${s.rootfs} sh -c 'echo ready; cat'; code=$?; stty -a >${folder}/after; echo code:$code`,
    );
    await terminal.waitForText('ready');
    await s.daemon.kill9();
    await terminal.waitForText(/likerctl: .*likerd/);
    terminal.type('\x03');
    await terminal.waitForText('code:130');
    assert.equal(readFileSync(join(folder, 'after'), 'utf8'), readFileSync(join(folder, 'before'), 'utf8'));
    await s.daemon.start();
    assert.equal((await s.inspect('given-up')).State.Status, 'running');
  });

  // The clients of these three have the same ten seconds to reconnect.
  test('interrupts a create, a start and a removal', async () => {
    for (let round = 0; round < 5; round++) {
      const api = new Api(s.daemon);
      const calls = Array.from({ length: 8 }, (_, index) => {
        const session = api.run(s.spec(['sh', '-c', `sleep 0.${index}; exit 1`]));
        return session.end.catch(() => null);
      });
      await new Promise((resolve) => setTimeout(resolve, 10 + round * 25));
      await s.daemon.kill9();
      await Promise.all(calls);
      api[Symbol.dispose]();
      await s.daemon.start();
    }
  });

  test('a client that has died too is noticed: exec hangs up, run --on-disconnect keep continues', async () => {
    const id = await s.detached(['--name', 'holder'], ['sleep', '1000']);
    const run = s.start(['run', '--name', 'kept', s.rootfs, 'sh', '-c', 'echo ready; exec sleep 1000']);
    const exec = s.start(['exec', '-i', id, 'sh', '-c', 'echo ready; exec sleep 2345'], { stdin: 'open' });
    const ready = [s.rootfs, 'sh', '-c', 'echo ready; exec sleep 1000'];
    const bound = s.start(['run', '--name', 'bound', '--on-disconnect', 'kill', ...ready]);
    await Promise.all([run, exec, bound].map((client) => client.waitFor('ready')));
    const { Id } = await s.inspect('bound');
    await s.daemon.kill9();
    run.kill('SIGKILL');
    exec.kill('SIGKILL');
    bound.kill('SIGKILL');
    await Promise.all([run.outcome, exec.outcome, bound.outcome]);
    await liftLimits(Id);
    await s.daemon.start();
    await until('the end of the exec', async () => !(await s.ok(['top', id])).includes('sleep 2345'), {
      everyMs: 200,
    });
    await until('client lost', async () => (await s.inspect('kept')).State.ClientLost, { everyMs: 200 });
    assert.equal((await s.inspect('kept')).State.Status, 'running');
    await until('the end of the other', async () => (await s.inspect('bound')).State.Signal === 9, {
      everyMs: 200,
    });
    await s.ok(['rm', 'bound']);
    await s.ok(['rm', '-f', 'kept', id]);
  });

  test('an interrupted create, start or removal leaves nothing half-done', async () => {
    await s.ok(['rm', '-f', 'given-up']);
    await until(
      'all of them to be gone',
      async () => (await s.ok(['ps', '-aq', '--filter', 'status=running'])) === '',
      { everyMs: 200 },
    );
    assert.deepEqual(await s.daemon.empty(), {});
  });
});

describe('an orderly shutdown of likerd', { concurrency: 1 }, () => {
  test('SIGTERM keeps containers running, and clients return to the next likerd', async () => {
    const running = s.start(['run', '--rm', '--name', 'stays', s.rootfs, 'counter', '300', '1', '5']);
    await running.waitFor('line 1\n');
    const { code } = await s.daemon.stop();
    assert.equal(code, 0);
    await s.daemon.start();
    const { code: exit, bytes, stderr } = await running.outcome;
    assert.equal(exit, 7, stderr);
    assert.equal(bytes.toString(), counted(300).toString());
  });

  test('a container that exits during the shutdown is reported, with its last output, by the next likerd', async () => {
    const work = s.folder('late');
    const go = join(work, 'go');
    const script = `echo ready; until [ -e ${go} ]; do sleep 0.01; done; echo late; exit 7`;
    const holder = await s.detached(['-v', `${work}:${work}`], ['sleep', '1000']);
    const flags = ['--rm', '--name', 'late', '-v', `${work}:${work}`];
    const run = s.start(['run', ...flags, s.rootfs, 'sh', '-c', script], { env: throughLikerd });
    const exec = s.start(['exec', holder, 'sh', '-c', script], { env: throughLikerd });
    await Promise.all([run.waitFor('ready'), exec.waitFor('ready')]);
    const { Pid } = (await s.inspect('late')).State;
    // An attached client would delay the end of likerd.
    const staying = connect(s.daemon.socket);
    await once(staying, 'connect');
    const stopped = s.daemon.stop();
    await Promise.all([run.waitFor('lost likerd'), exec.waitFor('lost likerd')]);
    writeFileSync(go, '');
    await until('the end of the container', () => !isAlive(Pid));
    await stopped;
    staying.destroy();
    await s.daemon.start();
    for (const { code, stdout, stderr } of await Promise.all([run.outcome, exec.outcome]))
      assert.deepEqual([code, stdout], [7, 'ready\nlate\n'], stderr);
    await s.ok(['rm', '-f', holder]);
  });

  test('--stop-containers-on-exit stops containers, and the next likerd applies their restart policies', async () => {
    await s.daemon.restart(['--stop-containers-on-exit']);
    const id = await s.detached(
      ['--name', 'stopped'],
      ['sh', '-c', 'trap "exit 8" TERM; while :; do sleep 0.05; done'],
    );
    const wanted = await containers.start(['sleep', '1000'], { restart: { name: 'NAME_UNLESS_STOPPED' } });
    const pids = await Promise.all([id, wanted].map(async (each) => (await s.inspect(each)).State.Pid));
    await s.daemon.stop();
    assert.deepEqual(pids.filter(isAlive), []);
    await s.daemon.start();
    assert.equal((await s.inspect(id)).State.ExitCode, 8);
    // No call stopped it, so its restart policy applies.
    await until('it to be back', async () => (await s.inspect(wanted)).State.Status === 'running');
    await s.ok(['rm', '-f', id, wanted]);
  });

  test('a second likerd on the same folder or socket is refused in one line', async () => {
    const { execFile } = await import('node:child_process');
    const other = (folders: string[]): Promise<{ code: unknown; stderr: string }> =>
      new Promise((resolve) => {
        execFile(file, [...words, ...folders], (error, _stdout, stderr) =>
          resolve({ code: error?.code ?? 0, stderr }),
        );
      });
    const [file = '', ...words] = s.command('bin/likerd');
    const work = s.folder('second');
    const root = await other([
      '--root',
      s.daemon.root,
      '--run',
      join(work, 'run'),
      '--socket',
      join(work, 's'),
    ]);
    assert.equal(root.code, 1);
    assert.match(root.stderr, /^likerd: Cannot .*\n$/m);
    const socket = await other([
      '--root',
      join(work, 'root'),
      '--run',
      join(work, 'run'),
      '--socket',
      s.daemon.socket,
    ]);
    assert.equal(socket.code, 1);
    assert.match(
      socket.stderr,
      /^likerd: Cannot listen at '.*': another likerd, pid \d+, is serving there\n$/m,
    );
    assert.equal((await s.likerctl(['version'])).code, 0);
  });

  test('without a daemon, likerctl says in one line how to start it', async () => {
    await s.daemon.stop();
    for (const args of [
      ['ps'],
      ['run', '--rm', s.rootfs, 'true'],
      ['exec', 'x', 'true'],
      ['version', '-f', 'json'],
      ['logs', 'x'],
    ]) {
      const { stderr, stdout, code } = await s.likerctl(args);
      assert.notEqual(code, 0);
      assert.equal(stdout, '');
      assert.match(stderr, /^likerctl: Cannot reach likerd at unix:.*start it with 'npm start'\n$/);
    }
    await s.daemon.start();
  });
});

describe('kill -9 of a shim', { concurrency: 2 }, () => {
  test('leaves an orphan that is shown as one, and can be killed and removed', async () => {
    const id = await s.detached(['--name', 'orphan'], ['sleep', '1000']);
    const { Pid, ShimPid } = (await s.inspect(id)).State;
    process.kill(ShimPid, 'SIGKILL');
    await until('orphaned', async () => (await s.inspect(id)).State.Status === 'orphaned');
    assert.ok(isAlive(Pid));
    assert.match(await s.ok(['ps', '--filter', 'name=orphan']), /Orphaned/);
    const attach = await s.likerctl(['attach', id]);
    assert.notEqual(attach.code, 0);
    await s.ok(['kill', id]);
    await until('its end', async () => (await s.inspect(id)).State.Status === 'exited');
    assert.ok(!isAlive(Pid));
    await s.ok(['rm', id]);
  });

  test('gives an attached client an error, not a successful exit code', async () => {
    const running = s.start([
      'run',
      '--name',
      'lost-shim',
      s.rootfs,
      'sh',
      '-c',
      'echo ready; exec sleep 1000',
    ]);
    await running.waitFor('ready');
    process.kill((await s.inspect('lost-shim')).State.ShimPid, 'SIGKILL');
    const { code, stderr } = await running.outcome;
    assert.equal(code, 125, stderr);
    assert.match(stderr, /^likerctl: .+\n$/m);
    await s.ok(['rm', '-f', 'lost-shim']);
  });

  test('an orphan can be removed by rm -f in one step, and also stopped', async () => {
    for (const verb of [
      ['rm', '-f'],
      ['stop', '-t', '1'],
    ]) {
      const id = await s.detached([], ['sleep', '1000']);
      const { Pid, ShimPid } = (await s.inspect(id)).State;
      process.kill(ShimPid, 'SIGKILL');
      await until('orphaned', async () => (await s.inspect(id)).State.Status === 'orphaned');
      await s.ok([...verb, id]);
      assert.ok(!isAlive(Pid));
      if (verb[0] === 'stop') await s.ok(['rm', id]);
    }
  });
});

function logLines(folder: string): number {
  const { readdirSync } = process.getBuiltinModule('node:fs');
  return readdirSync(folder).reduce(
    (sum, file) => sum + readFileSync(join(folder, file), 'utf8').split('\n').length - 1,
    0,
  );
}

async function lastEvent(): Promise<{ lastSeq: number }> {
  using api = new Api(s.daemon);
  const { lastSeq } = (await api.call((callback) => api.events.GetLastSeq({}, callback as never))) as {
    lastSeq: number;
  };
  return { lastSeq };
}

/** The output of test/fixtures/counter.c. */
function counted(lines: number): Buffer {
  return Buffer.from(Array.from({ length: lines }, (_, index) => `line ${index}\n`).join(''));
}

function digest(bytes: Buffer): string {
  return `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
}
