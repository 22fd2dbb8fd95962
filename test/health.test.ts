// Health checks: results of probes, their consequences, and that probes leave nothing behind.
import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Container } from '../proto/gen/types/liker/v1/Container.ts';
import { childrenOf, isAlive, pids, readProc } from './harness/proc.ts';
import { hasCgroups, requiresCgroups } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { takeOverShim } from './harness/take-over-shim.ts';
import { until } from './harness/until.ts';

const s = suite();
const sleeper = ['sleep', '100000'];

/** A container with `line` as its probe, every 100 ms unless the flags say otherwise. /flags has the files of `flag`. */
function probed(line: string, flags: readonly string[] = []): Promise<string> {
  const fixed = ['--health-cmd', line, '--health-interval', '100ms', '-v', `${s.daemon.home}/flags:/flags`];
  return s.detached([...fixed, ...flags], sleeper);
}

/** A file of the host that probes see as /flags/NAME. */
function flag(name: string): string {
  return join(s.daemon.home, 'flags', name);
}

/** Waits until `holds`; returns the container in that state. */
function reaches(id: string, what: string, holds: (container: Container) => boolean): Promise<Container> {
  return until(what, async () => {
    const { container } = await s.api.call<{ container: Container | null }>((callback) =>
      s.api.containers.GetContainer({ container: id }, callback as never),
    );
    return container && holds(container) ? container : null;
  });
}

const is =
  (status: string) =>
  ({ health }: Container): boolean =>
    health?.status === `HEALTH_STATUS_${status}`;

/** Time at which the last probe ended. */
function lastEnd({ health }: Container): string {
  const end = health?.log.at(-1)?.endedAt;
  return `${end?.seconds}.${end?.nanos}`;
}

const hasEnded = ({ state }: Container): boolean => state === 'CONTAINER_STATE_EXITED';

async function actions(id: string, ...filters: string[]): Promise<string[]> {
  const flags = [`container=${id}`, ...filters].flatMap((filter) => ['--filter', filter]);
  const output = await s.ok(['events', '--since', '0', '--until', '0s', '--format', '{{.Action}}', ...flags]);
  return output.split('\n').filter(Boolean);
}

/** Processes of the host with this command line. */
function named(cmdline: string): number[] {
  return pids().filter((pid) => readProc(pid, 'cmdline').replaceAll('\0', ' ').trim() === cmdline);
}

/** Zombies of a container: children of its init, or of its shim. */
function zombies({ pid, shimPid }: Container): number[] {
  return [pid, shimPid].flatMap(childrenOf).filter((child) => !isAlive(child));
}

describe('results of probes', { concurrency: 4 }, () => {
  test('a container becomes healthy, which ps, inspect and events show', async () => {
    const id = await probed('echo checked; test -f /flags/well', [
      '--name',
      'well',
      '--health-retries',
      '1000000',
    ]);
    await reaches(id, 'a failure', ({ health }) => (health?.failingStreak ?? 0) > 1);
    assert.match(await s.ok(['ps', '--filter', 'health=starting']), /Up .* \(health: starting\) +well/);
    const waits = s.start(['wait', '--condition', 'healthy', 'well']);
    writeFileSync(flag('well'), '');
    assert.deepEqual([(await waits.outcome).code, (await waits.outcome).stdout], [0, '0\n']);
    assert.match(await s.ok(['ps', '--filter', 'health=healthy']), /Up .* \(healthy\) +well/);
    assert.equal(await s.ok(['ps', '-q', '--filter', 'health=unhealthy', '--filter', 'name=well']), '');
    await reaches(id, 'five successes', ({ health }) => health?.log.every((p) => p.exitCode === 0) === true);
    const format = '{{.State.Health.Status}} {{.State.Health.FailingStreak}} {{json .State.Health.Log}}';
    const [status, streak, log = ''] = (await s.ok(['inspect', '-f', format, id])).split(' ', 3);
    assert.deepEqual([status, streak], ['healthy', '0']);
    const probes = JSON.parse(log) as { Start: string; End: string; ExitCode: number; Output: string }[];
    assert.equal(probes.length, 5);
    for (const { Start, End, Output } of probes)
      assert.ok(Date.parse(Start) <= Date.parse(End) && Output === 'checked\n');
    // Probes cause no events, execs, or files in the run folder.
    assert.deepEqual(await actions(id), ['create', 'start', 'health_status: healthy']);
    assert.deepEqual(await actions(id, 'event=health_status'), ['health_status: healthy']);
    assert.deepEqual((await s.inspect(id)).ExecIDs, []);
    const files = readdirSync(join(s.daemon.run, 'c', id)).filter((name) => name.startsWith('exit.'));
    assert.ok(files.length <= 1, files.join(' '));
    await s.ok(['rm', '-f', id]);
  });

  test('healthcheck run probes now and returns the result as its exit code', async () => {
    const id = await probed('test -f /flags/now', ['--health-interval', '1h', '--health-retries', '1']);
    assert.deepEqual(await outcome(['healthcheck', 'run', id]), [1, 'unhealthy\n']);
    writeFileSync(flag('now'), '');
    assert.deepEqual(await outcome(['healthcheck', 'run', id]), [0, '']);
    await reaches(id, 'healthy', is('HEALTHY'));
    if (hasCgroups) {
      await s.ok(['pause', id]);
      const paused = await s.likerctl(['healthcheck', 'run', id]);
      assert.deepEqual([paused.code, /it is paused; unpause it first/.test(paused.stderr)], [125, true]);
    }
    await s.ok(['rm', '-f', id]);
    const plain = await s.detached([], sleeper);
    for (const args of [
      ['healthcheck', 'run', plain],
      ['wait', '--condition', 'healthy', plain],
    ])
      assert.match((await s.likerctl(args)).stderr, /it has no health check; create it with one/);
    await s.ok(['rm', '-f', plain]);
  });

  test('a command given as JSON is run without a shell; a missing one is a failure with its reason', async () => {
    const id = await probed('["/nonexistent","a b"]', ['--health-retries', '1']);
    const { health } = await reaches(id, 'unhealthy', is('UNHEALTHY'));
    assert.equal(health?.log[0]?.exitCode, -1);
    assert.match(health?.log[0]?.output ?? '', /'\/nonexistent' was not found/);
    const test = await s.ok(['inspect', '-f', '{{json .Config.Healthcheck.Test}}', id]);
    assert.equal(test, '["CMD","/nonexistent","a b"]');
    await s.ok(['rm', '-f', id]);
  });

  test('a probe has the user, the environment and the working directory of the container', async () => {
    const flags = ['-u', '7:8', '-e', 'A=b c', '-w', '/tmp', '--group-add', '9', '--health-interval', '1h'];
    const id = await probed('echo $(id -u):$(id -G):$A:$PWD', flags);
    await s.ok(['healthcheck', 'run', id]);
    const { health } = await reaches(id, 'healthy', is('HEALTHY'));
    assert.equal(health?.log[0]?.output, '7:8 9:b c:/tmp\n');
    await s.ok(['rm', '-f', id]);
  });

  test('a flood of output blocks nothing, and its first 4 KiB are kept', async () => {
    const id = await probed('head -c 3000000 /dev/zero | tr "\\0" x', ['--health-interval', '1h']);
    await s.ok(['healthcheck', 'run', id]);
    const { health } = await reaches(id, 'healthy', is('HEALTHY'));
    assert.equal(health?.log[0]?.output, 'x'.repeat(4096));
    await s.ok(['rm', '-f', id]);
  });

  test('failures in the start period do not count', async () => {
    const flags = ['--health-retries', '1', '--health-start-period', '3s', '--health-start-interval', '50ms'];
    const id = await probed('echo $(cat /proc/uptime); false', [...flags, '--health-interval', '1ms']);
    const early = await reaches(id, 'five failures', ({ health }) => health?.log.length === 5);
    assert.deepEqual([early.health?.status, early.health?.failingStreak], ['HEALTH_STATUS_STARTING', 0]);
    const { health, startedAt } = await reaches(id, 'unhealthy', is('UNHEALTHY'));
    const counted = health?.log.find((_, index, log) => index === log.length - (health?.failingStreak ?? 0));
    const age = Number(counted?.startedAt?.seconds) - Number(startedAt?.seconds);
    assert.ok(age >= 2, `the first failure that counts came after ${age} s`);
    await s.ok(['rm', '-f', id]);
  });

  test('an impossible check is refused with its reason', async () => {
    const flags = ['--rm', '--health-cmd', 'true', '--health-on-failure', 'restart'];
    const { code, stderr } = await s.likerctl(['create', ...flags, s.rootfs]);
    assert.deepEqual([code, /removed when it exits/.test(stderr)], [125, true], stderr);
    assert.match((await s.likerctl(['ps', '--filter', 'health=fine'])).stderr, /use starting, healthy/);
  });
});

async function outcome(args: readonly string[]): Promise<[number, string]> {
  const { code, stdout } = await s.likerctl(args);
  return [code, stdout];
}

describe('--health-on-failure', { concurrency: 4 }, () => {
  const failing = (action: string) => ['--health-retries', '2', '--health-on-failure', action];

  test('none: the container continues, and is reported as unhealthy', async () => {
    const id = await probed('false', failing('none'));
    const { pid } = await reaches(id, 'unhealthy', is('UNHEALTHY'));
    const later = await reaches(id, 'more failures', ({ health }) => (health?.failingStreak ?? 0) > 4);
    assert.equal(later.pid, pid);
    assert.match(await s.ok(['ps', '--filter', `id=${id}`]), /Up .* \(unhealthy\)/);
    assert.deepEqual(await actions(id, 'event=health_status'), ['health_status: unhealthy']);
    await s.ok(['rm', '-f', id]);
  });

  test('kill: the container is killed, and its restart policy applies', async () => {
    const plain = await probed('false', failing('kill'));
    const policy = await probed('false', [...failing('kill'), '--restart', 'on-failure:1']);
    const { exit } = await reaches(plain, 'the end', hasEnded);
    assert.equal(exit?.code, 137);
    const again = await reaches(policy, 'the second end', hasEnded);
    assert.deepEqual([again.exit?.code, again.restartCount], [137, 1]);
    await s.ok(['rm', plain, policy]);
  });

  test('restart: the container restarts without a restart policy, until it is stopped', async () => {
    const id = await probed('false', [...failing('restart'), '--stop-timeout', '1']);
    const { pid } = await reaches(id, 'its first run', ({ pid }) => pid > 0);
    const back = await reaches(id, 'a restart', (now) => now.pid > 0 && now.pid !== pid);
    assert.ok(back.restartCount >= 1);
    await s.ok(['stop', '-t', '0', id]);
    assert.equal((await s.inspect(id)).State.Status, 'exited');
    await s.ok(['rm', id]);
  });

  test('stop: the container is stopped, and its restart policy does not apply', async () => {
    const flags = ['--health-cmd', 'false', '--health-interval', '50ms', ...failing('stop')];
    const script = 'trap "exit 4" TERM; while :; do sleep 0.05; done';
    const id = await s.detached([...flags, '--restart', 'always'], ['sh', '-c', script]);
    const { exit, restartCount } = await reaches(id, 'the end', hasEnded);
    assert.deepEqual([exit?.code, restartCount], [4, 0]);
    await s.ok(['rm', id]);
  });
});

describe('the end of a probe', { concurrency: 4 }, () => {
  test(
    'at its timeout it is killed with all its children, and no zombie is left',
    requiresCgroups('a kill that finds sessions of their own'),
    async () => {
      const children = 'sleep 65432 & setsid sleep 65431 & (setsid sh -c "sleep 65430 & wait" &)';
      const flags = ['--health-timeout', '3s', '--health-retries', '1', '--health-interval', '1h'];
      const id = await probed(`echo begun; ${children}; sleep 65433`, flags);
      const runs = s.start(['healthcheck', 'run', id]);
      await until('the children', () => named('sleep 65430').length > 0);
      assert.equal((await runs.outcome).code, 1);
      const { health } = await reaches(id, 'no child and no zombie', (now) => {
        const left = [65430, 65431, 65432, 65433].flatMap((seconds) => named(`sleep ${seconds}`));
        return left.length + zombies(now).length === 0;
      });
      const output = 'Health check exceeded timeout (3s): begun\n';
      assert.deepEqual([health?.status, health?.log[0]?.exitCode], ['HEALTH_STATUS_UNHEALTHY', -1]);
      assert.equal(health?.log[0]?.output, output);
      await s.ok(['rm', '-f', id]);
    },
  );

  test(
    'processes that it leaves behind are killed',
    requiresCgroups('a kill that finds sessions of their own'),
    async () => {
      const id = await probed('setsid sleep 65429 >/dev/null 2>&1 </dev/null & true', [
        '--health-interval',
        '1h',
      ]);
      await s.ok(['healthcheck', 'run', id]);
      await reaches(
        id,
        'no child and no zombie',
        (now) => named('sleep 65429').length + zombies(now).length === 0,
      );
      await s.ok(['rm', '-f', id]);
    },
  );

  test(
    'a pause stops probing and discards the running probe; afterwards probing resumes',
    requiresCgroups('pause'),
    async () => {
      const id = await probed('test ! -f /flags/65428 || sleep 65428', ['--health-retries', '1']);
      await reaches(id, 'healthy', is('HEALTHY'));
      writeFileSync(flag('65428'), '');
      await until('a probe that hangs', () => named('sleep 65428').length > 0);
      await s.ok(['pause', id]);
      rmSync(flag('65428'));
      const before = await reaches(id, 'paused', ({ state }) => state === 'CONTAINER_STATE_PAUSED');
      await s.ok(['unpause', id]);
      const after = await reaches(id, 'a new probe', (now) => lastEnd(now) !== lastEnd(before));
      assert.equal(after.health?.status, 'HEALTH_STATUS_HEALTHY');
      assert.deepEqual(named('sleep 65428'), []);
      await s.ok(['rm', '-f', id]);
    },
  );

  test('an exit of the container during a probe is not a failure, and the ended container is not healthy', async () => {
    const id = await probed('sleep 65427', ['--health-retries', '1', '--health-on-failure', 'restart']);
    await until('a probe', () => named('sleep 65427').length > 0);
    await s.ok(['kill', '-s', 'TERM', id]);
    const { exit, health, restartCount } = await reaches(id, 'the end', hasEnded);
    assert.deepEqual([exit?.code, health?.log, restartCount], [143, [], 0]);
    assert.equal(health?.status, 'HEALTH_STATUS_UNHEALTHY');
    const { stderr } = await s.likerctl(['wait', '--condition', 'healthy', id]);
    assert.match(stderr, /Cannot wait for the health of container .*: it has ended/);
    await s.ok(['rm', id]);
  });
});

describe('the death of the daemon', { concurrency: 1 }, () => {
  test('a probe that ends while the connection to the shim is lost is not waited for forever', async () => {
    const id = await probed('test ! -f /flags/65425 || sleep 65425', ['--health-retries', '1000000']);
    await reaches(id, 'healthy', is('HEALTHY'));
    writeFileSync(flag('65425'), '');
    const [probe = 0] = await until('a probe that hangs', () => {
      const found = named('sleep 65425');
      return found.length > 0 && found;
    });
    const before = lastEnd(await reaches(id, 'its health', () => true));
    // likerd gets no messages until the probe has ended, as on a suspended machine.
    process.kill(s.daemon.pid, 'SIGSTOP');
    try {
      await takeOverShim(s, id, { untilExit: () => process.kill(probe, 'SIGKILL') });
      rmSync(flag('65425'));
    } finally {
      process.kill(s.daemon.pid, 'SIGCONT');
    }
    const succeeded = (now: Container) => now.health?.failingStreak === 0 && lastEnd(now) !== before;
    await reaches(id, 'a new success', succeeded);
    await s.ok(['rm', '-f', id]);
  });

  test('kill -9: the status continues from the stored one, and the old probe is killed', async () => {
    const id = await probed('test ! -f /flags/65426 || sleep 65426', ['--health-retries', '3']);
    const steady = await probed('true', ['--health-interval', '1h', '--health-retries', '3']);
    await s.ok(['healthcheck', 'run', steady]);
    await reaches(id, 'healthy', is('HEALTHY'));
    writeFileSync(flag('65426'), '');
    const [probe = 0] = await until('a probe that hangs', () => {
      const found = named('sleep 65426');
      return found.length > 0 && found;
    });
    await s.daemon.kill9();
    assert.ok(isAlive(probe));
    await s.daemon.start();
    assert.equal((await reaches(steady, 'its health', () => true)).health?.status, 'HEALTH_STATUS_HEALTHY');
    await until('the probe of before to be killed', () => !isAlive(probe));
    rmSync(flag('65426'));
    const before = await reaches(id, 'healthy', is('HEALTHY'));
    await reaches(id, 'a new probe', (now) => lastEnd(now) !== lastEnd(before));
    const now = await reaches(id, 'no zombie', (now) => zombies(now).length === 0);
    assert.deepEqual([now.health?.status, now.execIds], ['HEALTH_STATUS_HEALTHY', []]);
    await s.ok(['rm', '-f', id, steady]);
  });
});
