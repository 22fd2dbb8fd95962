// Limits are written, read back, and effective.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isAlive, pids, readProc } from './harness/proc.ts';
import { requires } from './harness/requires.ts';
import { type Inspected, suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite();

/** A file of a container's group in the hierarchy of a controller, by its v1 or v2 name; undefined if there is none. */
function knob({ CgroupPaths }: Inspected, controller: string, v1: string, v2: string): string | undefined {
  const folder = Object.entries(CgroupPaths).find(([key]) => key.split(',').includes(controller))?.[1];
  const file = folder === undefined ? join(CgroupPaths['v2'] ?? '', v2) : join(folder, v1);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** Inspects a sleeping container with these flags. */
async function sleeping(flags: readonly string[], look: (inspected: Inspected) => void): Promise<void> {
  const id = await s.detached(flags, ['sleep', '100000']);
  try {
    const inspected = await s.inspect(id);
    for (const limit of inspected.AppliedLimits) assert.equal(limit.Problem, '', limit.Knob);
    look(inspected);
  } finally {
    await s.ok(['rm', '-f', id]);
  }
}

const hasSwap =
  existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes') || !existsSync('/sys/fs/cgroup/memory');

describe('limits', { concurrency: 2 }, () => {
  test('--memory is written and read back; beyond it the kernel kills the process: 137, with the reason', async () => {
    await sleeping(['--memory', '64m'], (inspected) => {
      assert.equal(knob(inspected, 'memory', 'memory.limit_in_bytes', 'memory.max'), String(64 << 20));
    });
    await s.ok([
      'create',
      '--name',
      'greedy',
      '--memory',
      '32m',
      s.rootfs,
      'bash',
      '-c',
      'x=; while :; do x=$x$(head -c 1000000 /dev/zero | tr "\\0" x); done',
    ]);
    assert.equal((await s.likerctl(['start', '-a', 'greedy'])).code, 137);
    const { State } = await s.inspect('greedy');
    assert.deepEqual([State.ExitCode, State.OOMKilled], [137, true]);
    assert.match(
      await s.ok([
        'events',
        '--since',
        '0',
        '--until',
        '0s',
        '--filter',
        'container=greedy',
        '--format',
        '{{.Action}}',
      ]),
      /^oom$/m,
    );
    await s.ok(['rm', 'greedy']);
  });

  test('a JVM finds the limit: it needs all four v1 controllers, in mountinfo and /proc/self/cgroup', async (context) => {
    // As OpenJDK's cgroupSubsystem_linux.cpp reads them: root and mount point of the line with the controller among its super
    // options, and the path of the process unless it is the root.
    const script = `
      for controller in memory cpu cpuacct cpuset; do
        path=$(grep -E "^[0-9]+:([^:]*,)?$controller(,[^:]*)?:" /proc/self/cgroup | cut -d: -f3)
        grep -E " - cgroup [^ ]+ ([^ ]*,)?$controller(,|$)" /proc/self/mountinfo | while read -r _ _ _ root at _; do
          [ "$root" = / ] || exit 1
          [ -e "$at\${path%/}/tasks" ] && echo $controller $at\${path%/}
        done
      done`;
    const isV2 = (await s.ok(['info', '--format', '{{.CgroupLayout}}'])) === 'v2';
    if (isV2) return context.skip('a JVM reads cgroup v2 from its single mount');
    const found = (await s.sh([], script)).split('\n').map((line) => line.split(' '));
    assert.deepEqual(
      found.map(([controller]) => controller),
      ['memory', 'cpu', 'cpuacct', 'cpuset'],
    );
    const file = `${found[0]?.[1]}/memory.limit_in_bytes`;
    assert.equal(await s.sh(['--memory', '512m'], `cat ${file}`), String(512 << 20));
  });

  test('--memory-swap', requires('swap accounting', hasSwap), async () => {
    await sleeping(['--memory', '64m', '--memory-swap', '96m'], (inspected) => {
      const value = knob(inspected, 'memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max');
      assert.ok(value === String(96 << 20) || value === String(32 << 20), String(value));
    });
  });

  const kmem = '/sys/fs/cgroup/memory/memory.kmem.limit_in_bytes';
  test(
    'a limit of kernel memory, which the kernel takes and ignores, shows as none',
    requires(kmem, existsSync(kmem)),
    async () => {
      await sleeping(
        ['--kernel-memory', '1m', '--cgroup-conf', 'memory.kmem.limit_in_bytes=1048576'],
        (inspected) => {
          const { Effective } =
            inspected.AppliedLimits.find(({ File }) => File.endsWith('kmem.limit_in_bytes')) ?? {};
          assert.ok(BigInt(Effective ?? 0) > 1n << 60n, `${Effective}`);
        },
      );
    },
  );

  test('--pids-limit: one fork too many fails, and other containers are not affected', async () => {
    await sleeping(['--pids-limit', '20'], (inspected) => {
      assert.equal(knob(inspected, 'pids', 'pids.max', 'pids.max'), '20');
    });
    const { stderr, code } = await s.run(
      ['--pids-limit', '10'],
      ['bash', '-c', 'for i in $(seq 50); do sleep 5 & done 2>&1; exit 3'],
    );
    const out = await s.run(
      ['--pids-limit', '10'],
      ['bash', '-c', 'for i in $(seq 20); do sleep 1 & done; echo $?'],
    );
    assert.match(`${stderr}${out.stderr}${out.stdout}`, /fork|Resource temporarily unavailable/);
    assert.notEqual(code, 125);
  });

  test('--cpus becomes a quota, and takes effect', async () => {
    await sleeping(['--cpus', '0.5'], (inspected) => {
      const quota = knob(inspected, 'cpu', 'cpu.cfs_quota_us', 'cpu.max');
      assert.match(quota ?? '', /^50000( 100000)?$/);
    });
    const out = await s.sh(['--cpus', '0.2'], 'timeout 2 bash -c "while :; do :; done"; times');
    const seconds = Number(/(\d+\.\d+)s \d+m[\d.]+s$/.exec(out)?.[1] ?? Number.NaN);
    assert.ok(seconds < 1, `${seconds} s of CPU time in 2 s\n${out}`);
  });

  test('--cpu-quota, --cpu-period and --cpu-shares', async () => {
    await sleeping(['--cpu-quota', '30000', '--cpu-period', '60000', '--cpu-shares', '512'], (inspected) => {
      const quota = knob(inspected, 'cpu', 'cpu.cfs_quota_us', 'cpu.max') ?? '';
      assert.match(quota, /^30000( 60000)?$/);
      const shares = knob(inspected, 'cpu', 'cpu.shares', 'cpu.weight');
      assert.ok(shares === '512' || Number(shares) < 100, String(shares));
    });
  });

  test('--cpuset-cpus', requires('a second CPU', cpus().length > 1), async () => {
    assert.match(
      await s.sh(['--cpuset-cpus', '1'], 'nproc; grep Cpus_allowed_list /proc/self/status'),
      /^1\n.*\t1$/,
    );
    const bad = await s.run(['--cpuset-cpus', '999'], ['true']);
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /999/);
  });

  test('impossible values are refused before anything is created', async () => {
    for (const flags of [
      ['--memory', '1k'],
      ['--memory', '-5'],
      ['--memory', 'much'],
      ['--cpus', '0.0000001'],
      ['--cpus', '-1'],
      ['--pids-limit', '0x'],
      ['--memory', '64m', '--memory-swap', '32m'],
    ]) {
      const { code, stderr } = await s.run([...flags, '--name', 'senseless'], ['true']);
      assert.equal(code, 125, flags.join(' '));
      assert.match(stderr, /^likerctl: .+\n$|^.+\n/);
      assert.equal((await s.likerctl(['inspect', 'senseless'])).code, 1);
    }
  });
});

describe('the cgroups of a container', { concurrency: 2 }, () => {
  test('contain it from its first instruction in every hierarchy (T41), with its execs in cgroups below; the shim is outside (T56)', async () => {
    const id = await s.detached(
      ['--cgroupns', 'host'],
      ['sh', '-c', 'cat /proc/self/cgroup; exec sleep 100000'],
    );
    const born = await until('output', async () => (await s.ok(['logs', id])) || false);
    const { CgroupPaths, State } = await s.inspect(id);
    for (const key of Object.keys(CgroupPaths)) {
      const line = born
        .split('\n')
        .find((candidate) => (key === 'v2' ? candidate.startsWith('0::') : candidate.split(':')[1] === key));
      assert.match(line ?? '', new RegExp(`/${s.daemon.cgroup}/${id}(/|$)`), `${key}: ${line}`);
    }
    const exec = await s.ok(['exec', id, 'cat', '/proc/self/cgroup']);
    assert.match(exec, new RegExp(`/${s.daemon.cgroup}/${id}/.+`));
    assert.ok(
      !readProc(State.ShimPid, 'cgroup').includes(id),
      'T56: no limit of the container kills the shim',
    );
    await s.ok(['rm', '-f', id]);
    for (const path of Object.values(CgroupPaths)) assert.ok(!existsSync(path), path);
  });

  test('are used to kill it: no process escapes, even without a pid namespace', async () => {
    const marker = '98765';
    const id = await s.detached(
      ['--pid', 'host'],
      [
        'bash',
        '-c',
        `for i in 1 2 3 4 5; do (setsid sleep ${marker} & ) ; done; echo ready; trap "" TERM HUP; sleep ${marker}`,
      ],
    );
    const members = await until('all', () => {
      const found = pids().filter((pid) => readProc(pid, 'cmdline') === `sleep\0${marker}\0`);
      return found.length === 6 && found;
    });
    await s.ok(['rm', '-f', id]);
    assert.deepEqual(members.filter(isAlive), []);
  });

  test('kill a fork bomb at once', async () => {
    const id = await s.detached(['--pids-limit', '300'], ['bash', '-c', 'f() { f | f & f; }; f']);
    await until('many', async () => (await s.ok(['top', id])).split('\n').length > 50).catch(() => {});
    await s.ok(['kill', id]);
    assert.equal(await s.ok(['wait', id]), '137');
    await s.ok(['rm', id]);
  });

  test('are thawed when a paused container is killed or removed (T43)', async () => {
    for (const verb of [['kill'], ['rm', '-f'], ['stop', '-t', '0']]) {
      const id = await s.detached([], ['sleep', '100000']);
      await s.ok(['pause', id]);
      await s.ok([...verb, id]);
      if (verb[0] !== 'rm') {
        await s.ok(['wait', id]);
        await s.ok(['rm', id]);
      }
    }
  });
});
