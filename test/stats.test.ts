// Resource usage of containers with known behaviour: the API, the client's tables, events of OOM kills.
import assert from 'node:assert/strict';
import { existsSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { deviceNumbers } from '../common/device-numbers.ts';
import type { ContainerStats } from '../proto/gen/types/liker/v1/ContainerStats.ts';
import type { GetStatsResponse } from '../proto/gen/types/liker/v1/GetStatsResponse.ts';
import type { StreamStatsResponse } from '../proto/gen/types/liker/v1/StreamStatsResponse.ts';
import { cpuUsageUs } from './harness/cpu.ts';
import { touchInside } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const s = suite();
const mebibyte = 1024 * 1024;

async function get(options: object): Promise<ContainerStats[]> {
  const { snapshot } = await s.api.call<GetStatsResponse>((done) => s.api.stats.GetStats(options, done));
  return snapshot?.containers ?? [];
}

async function figures(container: string): Promise<ContainerStats> {
  const [stats] = await get({ containers: [container] });
  assert.ok(stats);
  return stats;
}

/** Snapshots of a stream until `enough` returns true. */
async function stream(
  options: object,
  enough: (containers: ContainerStats[], count: number) => boolean | Promise<boolean>,
): Promise<void> {
  const call = s.api.stats.StreamStats({ interval: { nanos: 1e8 }, ...options });
  call.on('error', () => {});
  const look = async (): Promise<void> => {
    let count = 0;
    for await (const { snapshot } of call as AsyncIterable<StreamStatsResponse>) {
      count += 1;
      if (await enough(snapshot?.containers ?? [], count)) return;
    }
    throw new Error('The stream has ended');
  };
  try {
    await within('the stream does not come so far', look());
  } finally {
    call.cancel();
  }
}

/** A container that has run the script and lives on. */
async function having(flags: readonly string[], script: string): Promise<string> {
  const id = await s.detached(flags, ['bash', '-c', `${script}; echo done; sleep 1000; :`]);
  await until('the script is done', async () => (await s.ok(['logs', id])).includes('done'));
  return id;
}

describe('figures', () => {
  after(() => s.daemon.empty());

  test('CPU time is that of the cgroup, and 100 % is one CPU', async () => {
    const busy = await s.detached([], ['bash', '-c', 'while :; do :; done']);
    const idle = await s.detached([], ['sleep', '1000']);
    const container = await s.inspect(busy);
    let before = { at: 0, usage: 0 };
    await stream({ containers: [busy, idle] }, ([first, second], count) => {
      assert.deepEqual([first?.id, second?.id], [busy, idle]);
      const now = { at: performance.now(), usage: first?.cpu?.usageUs ?? 0 };
      if (count === 1) {
        assert.equal(first?.cpu?.percent, undefined);
        const real = cpuUsageUs(container);
        // On a hybrid machine the two come from different hierarchies, whose counts may be a tick apart.
        assert.ok(now.usage > 0 && now.usage <= real + 10_000, `${now.usage} of ${real}`);
        before = now;
        return false;
      }
      const wanted = (now.usage - before.usage) / (now.at - before.at) / 10;
      const told = first?.cpu?.percent ?? 0;
      before = now;
      assert.ok((second?.cpu?.percent ?? 100) < 50, 'one that sleeps uses little');
      // Or a later one, since other programs use this machine too.
      return told > 5 && Math.abs(told - wanted) < wanted * 0.2;
    });
    await s.ok(['rm', '-f', busy, idle]);
  });

  test('throttling is reported', async () => {
    const id = await s.detached(['--cpus', '0.1'], ['bash', '-c', 'while :; do :; done']);
    await stream({ containers: [id] }, ([stats]) => {
      const { periods = 0, throttledPeriods = 0, throttledUs = 0 } = stats?.cpu?.throttling ?? {};
      return periods > 0 && throttledPeriods > 0 && throttledUs > 0;
    });
    await s.ok(['rm', '-f', id]);
  });

  test('memory: anonymous, file cache, working set, limit, peak; processes with their limit', async () => {
    const script = `head -c ${20 * mebibyte} /dev/zero >/dev/shm/x; big=$(head -c ${8 * mebibyte} /dev/zero | tr '\\0' x)`;
    const id = await having(['--memory', '100m', '--pids-limit', '55'], script);
    const { memory, pids } = await figures(id);
    assert.ok(memory);
    const { fileBytes = 0, anonBytes = 0, usageBytes, workingSetBytes = 0, inactiveFileBytes = 0 } = memory;
    assert.ok(fileBytes >= 20 * mebibyte, `of files ${fileBytes}`);
    assert.ok(anonBytes >= 8 * mebibyte, `anonymous ${anonBytes}`);
    assert.ok(usageBytes >= 28 * mebibyte, `all ${usageBytes}`);
    assert.equal(workingSetBytes, usageBytes - inactiveFileBytes);
    assert.equal(memory.limitBytes, 100 * mebibyte);
    assert.equal(memory.oomKills, 0);
    if (memory.peakBytes !== undefined) assert.ok(memory.peakBytes >= usageBytes);
    assert.deepEqual([pids?.limit, (pids?.current ?? 0) >= 2], [55, true]);
    await s.ok(['rm', '-f', id]);
  });

  test('writes to a disk are reported', async (context) => {
    const tmpfs = 0x01021994;
    if (statfsSync(s.daemon.root).type === tmpfs) return context.skip('the daemon’s root is no disk');
    const { major, minor } = deviceNumbers(statSync(s.daemon.root).dev);
    // On v1 the kernel counts from the first limit of a disk on.
    const limit = existsSync(`/sys/dev/block/${major}:${minor}/queue`) ? [`${major}:${minor}:1gb`] : [];
    const id = await having(
      limit.flatMap((value) => ['--device-write-bps', value]),
      'dd if=/dev/zero of=/x bs=1M count=4 oflag=direct',
    );
    const devices = (await figures(id)).io?.devices ?? [];
    const written = devices.reduce((sum, { writeBytes }) => sum + writeBytes, 0);
    assert.ok(written >= 4 * mebibyte && written < 64 * mebibyte, `${written} bytes`);
    assert.ok(devices.some(({ device, writeOps }) => /^\d+:\d+$/.test(device) && writeOps > 0));
    await s.ok(['rm', '-f', id]);
  });

  test("traffic of the container's own interfaces is reported, and none in the host's network", async () => {
    const own = await having([], 'for i in 1 2 3; do echo hello >/dev/udp/127.0.0.1/9; done');
    const [lo, ...others] = (await figures(own)).network?.interfaces ?? [];
    assert.deepEqual([lo?.name, others], ['lo', []]);
    assert.ok((lo?.sent?.bytes ?? 0) >= 3 * 34 && (lo?.received?.packets ?? 0) >= 3, JSON.stringify(lo));
    const shared = await s.detached(['--network', `container:${own}`], ['sleep', '1000']);
    assert.ok(((await figures(shared)).network?.interfaces[0]?.sent?.bytes ?? 0) >= 3 * 34);
    const host = await s.detached(['--network', 'host'], ['sleep', '1000']);
    assert.equal((await figures(host)).network, null);
    await s.ok(['rm', '-f', own, shared, host]);
  });

  test('containers join and leave the stream, and its open files are closed', async () => {
    const first = await s.detached([], ['sleep', '1000']);
    let second = '';
    await stream({}, async (containers, count) => {
      const ids = containers.map(({ id }) => id);
      if (count === 1) second = await s.detached([], ['sleep', '1000']);
      else if (ids.includes(second)) await s.ok(['rm', '-f', first]);
      return count > 1 && !ids.includes(first) && ids.includes(second);
    });
    await s.ok(['rm', '-f', second]);
  });

  test('a stream of named containers continues while they are stopped, and ends when the last one is removed', async () => {
    const id = await s.detached([], ['sleep', '1000']);
    const call = s.api.stats.StreamStats({ containers: [id], interval: { nanos: 1e8 } });
    const states: string[] = [];
    let running: boolean | undefined;
    for await (const { snapshot } of call as AsyncIterable<StreamStatsResponse>) {
      const [stats] = snapshot?.containers ?? [];
      states.push(stats?.state ?? '');
      running = stats?.cpu !== null;
      if (states.length === 1) await s.ok(['stop', '-t', '0', id]);
      else if (!running) await s.ok(['rm', '-f', id]);
    }
    assert.deepEqual([states[0], states.at(-1)], ['CONTAINER_STATE_RUNNING', 'CONTAINER_STATE_EXITED']);
  });

  test('an invalid request is an error', async () => {
    const fails = (options: object, pattern: RegExp) => assert.rejects(get(options), pattern);
    await fails({ containers: ['nobody'] }, /NOT_FOUND.*No such container: 'nobody'/);
    await fails({ interval: { nanos: 5e7 } }, /INVALID_ARGUMENT.*at least 100 ms/);
    await fails({ containers: [''] }, /INVALID_ARGUMENT.*containers\[0\]/);
  });
});

describe('out-of-memory kills', () => {
  after(() => s.daemon.empty());

  const oomEvents = async (container: string): Promise<string[]> => {
    const filters = ['--filter', `container=${container}`, '--filter', 'event=oom'];
    const format = '{{.Actor.Attributes.count}} {{.Actor.Attributes.mainKilled}}';
    const events = await s.ok(['events', '--since', '0', '--until', '0s', ...filters, '--format', format]);
    return events.split('\n').filter(Boolean);
  };
  const limits = ['--memory', '16m', '--memory-swap', '16m'];

  test('of a child: an event when it happens, and the container continues; a later SIGKILL is not taken for one', async () => {
    const id = await s.detached(limits, ['bash', '-c', 'tail /dev/zero; tail /dev/zero; sleep 1000']);
    await until('two events', async () => (await oomEvents(id)).length === 2);
    assert.deepEqual(await oomEvents(id), ['1 false', '2 false']);
    const { State } = await s.inspect(id);
    assert.deepEqual([State.Running, State.OOMKilled, State.OOMKills], [true, false, 2]);
    await s.ok(['kill', id]);
    await s.ok(['wait', id]);
    const { State: ended } = await s.inspect(id);
    assert.deepEqual([ended.ExitCode, ended.OOMKilled, ended.OOMKills], [137, false, 2]);
    assert.equal((await oomEvents(id)).length, 2);
  });

  test('of the main process: OOMKilled is set and the event says so; the next run starts clean', async () => {
    await s.ok([
      'create',
      '--name',
      'hog',
      ...limits,
      s.rootfs,
      'bash',
      '-c',
      '[ -e /was ] || { >/was; exec tail /dev/zero; }',
    ]);
    assert.equal((await s.likerctl(['start', '-a', 'hog'])).code, 137);
    const { State } = await s.inspect('hog');
    assert.deepEqual([State.OOMKilled, State.OOMKills], [true, 1]);
    assert.deepEqual(await oomEvents('hog'), ['1 true']);
    await s.ok(['start', '-a', 'hog']);
    const { State: next } = await s.inspect('hog');
    assert.deepEqual([next.OOMKilled, next.OOMKills, next.ExitCode], [false, 0, 0]);
  });

  test('of an exec: its exit says so, and that of a later SIGKILL does not', async () => {
    const id = await s.detached(limits, ['sleep', '1000']);
    const exitOf = async (...args: string[]) => {
      const { exit } = await s.api.call<{ exit: { signal: number; oomKilled: boolean } }>((callback) =>
        s.api.sessions.ExecSync({ container: id, process: { args } }, callback as never),
      );
      return [exit.signal, exit.oomKilled];
    };
    assert.deepEqual(await exitOf('tail', '/dev/zero'), [9, true]);
    await until('the event', async () => (await oomEvents(id)).length === 1);
    assert.deepEqual(await exitOf('sh', '-c', 'kill -9 $$'), [9, false]);
    assert.deepEqual(await oomEvents(id), ['1 false']);
  });

  test('one that happens without a daemon is reported by the next one', async () => {
    const script = 'until [ -e /go ]; do sleep 0.1; done; tail /dev/zero; >/gone; sleep 1000';
    const id = await s.detached(limits, ['bash', '-c', script]);
    const { State } = await s.inspect(id);
    await s.daemon.kill9();
    touchInside(State.Pid, '/go');
    await until('the child was killed', () => existsSync(`/proc/${State.Pid}/root/gone`));
    await s.daemon.start();
    await until('the event', async () => (await oomEvents(id)).length === 1);
    assert.deepEqual(await oomEvents(id), ['1 false']);
  });
});

describe('the client', () => {
  after(() => s.daemon.empty());

  test('stats: a table once, json, a template, sorted', async () => {
    const small = await s.detached(['--name', 'small', '--memory', '64m'], ['sleep', '1000']);
    await having(['--name', 'large'], `head -c ${9 * mebibyte} /dev/zero >/dev/shm/x`);
    const once = ['stats', '--no-stream', '--interval', '100ms'];
    const [heading = '', ...rows] = (await s.ok([...once, '--sort', 'mem'])).split('\n');
    assert.match(
      heading,
      /^CONTAINER ID {3}NAME {4}CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS$/,
    );
    assert.deepEqual(
      rows.map((row) => row.split(/ +/)[1]),
      ['large', 'small'],
    );
    assert.match(rows[1] ?? '', /\d\.\d\d% +[\d.]+[KM]iB \/ 64MiB +\d\.\d\d% +0B \/ 0B/);
    const record = JSON.parse(await s.ok([...once, '--format', 'json', '--no-trunc', 'small']));
    assert.deepEqual([record.ID, record.Name, record.State], [small, 'small', 'running']);
    await s.ok(['stop', '-t', '0', 'small']);
    const names = async (...flags: string[]) =>
      s.ok([...once, '--sort', 'name', '--format', '{{.Name}} {{.CPUPerc}}', ...flags]);
    assert.match(await names(), /^large \d/);
    assert.match(await names('-a'), /^large .*\nsmall --$/);
    const missing = await s.likerctl([...once, 'nobody']);
    assert.deepEqual(
      [missing.code, missing.stderr],
      [1, "likerctl: No such container: 'nobody'; 'likerctl ps -a' lists all\n"],
    );
  });

  test('stats on a terminal redraws in place, and restores the screen at the end', async () => {
    const script =
      'trap : INT; echo before; "$0" stats --interval 100ms --format "table {{.Name}}\\t{{.CPUPerc}}"; echo after $?';
    const likerctl = join(import.meta.dirname, '../bin/likerctl');
    await using terminal = s.terminal(['-c', script, likerctl], { file: '/bin/bash', rows: 10 });
    await terminal.waitForText(/NAME +CPU %\s+large +\d+\.\d\d%/, () => terminal.screen());
    assert.doesNotMatch(terminal.screen(), /before/);
    terminal.resize(80, 12);
    terminal.type('\x03');
    await terminal.waitForText(/after 130/, () => terminal.screen());
    assert.match(terminal.screen(), /^before/);
    assert.doesNotMatch(terminal.screen(), /large/);
  });

  test('ps -s and system df show disk usage', async () => {
    const id = await s.detached(
      [],
      ['bash', '-c', 'head -c 300000 /dev/zero >/x; head -c 20000 /dev/zero | tr "\\0" x'],
    );
    await s.ok(['wait', id]);
    const sizes = await s.ok([
      'ps',
      '-as',
      '--no-trunc',
      '--filter',
      `id=${id}`,
      '--format',
      '{{.Size}} {{.LogSize}}',
    ]);
    assert.match(sizes, /^30\dkB 2\d\.?\d?kB$/);
    assert.match(await s.ok(['ps', '-as']), /SIZE +LOGS\n/);
    const [heading = '', ...rows] = (await s.ok(['system', 'df'])).split('\n');
    assert.match(heading, /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE$/);
    assert.deepEqual(
      rows.map((row) => row.split(/ +/)[0]),
      ['Images', 'Archives', 'Downloads', 'Containers', 'Logs', 'Local', 'Removed', 'Database'],
    );
    const [, , , containers = '', logs = ''] = (
      await s.ok(['system', 'df', '--format', '{{.TotalCount}} {{.Active}} {{.Reclaimable}}'])
    ).split('\n');
    assert.match(containers, /^3 1 30\dkB/);
    assert.match(logs, /^3 1 2\d\.?\d?kB/);
    assert.match(await s.ok(['system', 'df', '-v']), new RegExp(`${id.slice(0, 12)}.* 30\\dkB +2\\d`));
  });

  test('stats on a narrow terminal shortens long names, and cuts no line', async () => {
    const name = `long-${'o'.repeat(60)}`;
    await s.detached(['--name', name], ['sleep', '1000']);
    for (const args of [['--no-stream'], []]) {
      await using terminal = s.terminal(['stats', '--interval', '100ms', ...args]);
      await terminal.waitForText(/CPU % .*PIDS\n(.*\n)*\S+ +long-o+… .* 2$/m, () => terminal.screen());
      assert.doesNotMatch(terminal.screen(), /long-o{60}/);
      terminal.type('\x03');
    }
  });
});
