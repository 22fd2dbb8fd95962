// Every limit proved by what it does to a container, not by the file that holds it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupFile, cpuShares, cpuUsageUs } from './harness/cpu.ts';
import { type Inspected, suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite({ programs: ['chrt'], helpers: ['huge'] });

interface Place {
  readonly Knob: string;
  readonly Version: number;
  readonly Problem: string;
}

interface Machine {
  readonly Knobs: readonly Place[];
  readonly CgroupLayout: 'v1' | 'v2' | 'hybrid';
}

let asked: Promise<Machine> | undefined;
const table: string[][] = [];

/** What this machine has; asked once the daemon is there. */
function machine(): Promise<Machine> {
  asked ??= s.ok(['info', '--format', 'json']).then((text) => JSON.parse(text) as Machine);
  return asked;
}

after(async () => {
  const width = Math.max(...table.map(([knob = '']) => knob.length));
  const lines = table.map(([knob = '', result = '']) => `  ${knob.padEnd(width)}  ${result}`);
  console.log([`limits by effect, ${(await machine()).CgroupLayout}:`, ...lines].join('\n'));
});

/** A test of knobs by their names in `info`; where one of them is not there it is a skip that says why. */
function effect(
  knobs: readonly string[],
  what: string,
  prove: () => Promise<void>,
  needs: () => string = () => '',
): void {
  test(`${knobs.join(', ')}: ${what}`, async (context) => {
    const { Knobs } = await machine();
    const missing = Knobs.find(({ Knob, Problem }) => knobs.includes(Knob) && Problem !== '');
    const why = missing?.Problem ?? needs();
    const row = [knobs.join(', '), why === '' ? 'FAIL' : `skip: ${why}`];
    table.push(row);
    if (why !== '') {
      context.skip(why);
      return;
    }
    await prove();
    row[1] = 'pass';
  });
}

/** Containers that run while `look` looks at them. */
async function running(
  runs: readonly { readonly flags: readonly string[]; readonly script: string }[],
  look: (...containers: Inspected[]) => Promise<void>,
): Promise<void> {
  const ids: string[] = [];
  try {
    for (const { flags, script } of runs) ids.push(await s.detached(flags, ['bash', '-c', script]));
    await look(...(await Promise.all(ids.map((id) => s.inspect(id)))));
  } finally {
    if (ids.length > 0) await s.ok(['rm', '-f', ...ids]);
  }
}

const spin = 'while :; do :; done';
const lastCpu = String(cpus().length - 1);
/** All on one CPU; a machine that has one needs no cpuset for it. */
const pinned = cpus().length > 1 ? ['--cpuset-cpus', lastCpu] : [];
const needsTwoCpus = () => (cpus().length < 2 ? 'one CPU' : '');
const near = (value: number, wanted: number, part: number) => Math.abs(value - wanted) <= wanted * part;

describe('CPU', () => {
  effect(['cpu.shares'], '100 and 300 share one busy CPU as 1 : 3, on v2 as their weights', async () => {
    const flags = (shares: string) => [...pinned, '--cpu-shares', shares];
    const runs = [
      { flags: flags('100'), script: spin },
      { flags: flags('300'), script: spin },
    ];
    const weight = (container: Inspected) =>
      Number(cgroupFile(container, 'cpu', 'cpu.shares') ?? cgroupFile(container, 'cpu', 'cpu.weight'));
    await running(runs, async (one, other) => {
      assert.ok(one && other);
      const wanted = weight(other) / weight(one);
      const [low = 0, high = 0] = await cpuShares([one, other], 3000);
      assert.ok(
        near(high / low, wanted, 0.15),
        `1 : ${(high / low).toFixed(2)}, wanted ${wanted.toFixed(2)}`,
      );
    });
  });

  effect(['cpu.idle'], 'an idle container leaves the CPU to the others', async () => {
    const runs = [
      { flags: [...pinned, '--cpu-idle'], script: spin },
      { flags: pinned, script: spin },
    ];
    await running(runs, async (...both) => {
      const [idle = 1, normal = 0] = await cpuShares(both, 1000);
      assert.ok(idle < normal / 10, `${idle} beside ${normal}`);
    });
  });

  effect(['cpu.quota_us', 'cpu.period_us', 'freezer'], '--cpus 0.25; update; pause', async () => {
    await running([{ flags: ['--cpus', '0.25'], script: spin }], async (container) => {
      const [quarter = 0] = await cpuShares([container], 2500);
      assert.ok(near(quarter, 0.25, 0.08), `${quarter} CPUs`);
      await s.ok(['update', '--cpus', '0.75', container.Id]);
      const [more = 0] = await cpuShares([container], 1000);
      assert.ok(more > 0.35 && more < 0.8, `${more} CPUs after the update`);
      await s.ok(['pause', container.Id]);
      const before = cpuUsageUs(container);
      await sleep(300);
      assert.equal(cpuUsageUs(container), before);
      await s.ok(['unpause', container.Id]);
      await until('it runs on', () => cpuUsageUs(container) > before);
    });
  });

  effect(['cpu.burst_us'], 'what was not used is used later', async () => {
    const script = 'while sleep 0.25; do for ((i = 0; i < 20000; i++)); do :; done; done';
    const flags = ['--cpu-quota', '10000', '--cpu-burst', '10000'];
    await running([{ flags, script }], async (container) => {
      await until('a burst', () => /^nr_bursts [1-9]/m.test(cgroupFile(container, 'cpu', 'cpu.stat') ?? ''));
    });
  });

  effect(
    ['cpu.realtime_runtime_us', 'cpu.realtime_period_us'],
    'without it, no real-time process',
    async () => {
      const chrt = ['chrt', '-f', '10', 'true'];
      assert.notEqual((await s.run(['--cap-add', 'SYS_NICE'], chrt)).code, 0);
      const flags = ['--cap-add', 'SYS_NICE', '--cpu-rt-runtime', '1000', '--cpu-rt-period', '100000'];
      const { code, stderr } = await s.run(flags, chrt);
      assert.equal(code, 0, stderr);
    },
  );

  effect(
    ['cpu.cpuset_cpus', 'cpu.cpuset_mems'],
    'nproc follows it, live too',
    async () => {
      const flags = ['--cpuset-cpus', lastCpu, '--cpuset-mems', '0'];
      assert.equal(
        await s.sh(flags, 'nproc; grep Mems_allowed_list /proc/self/status'),
        '1\nMems_allowed_list:\t0',
      );
      await running([{ flags, script: 'sleep 1000' }], async ({ Id }) => {
        await s.ok(['update', '--cpuset-cpus', `0-${lastCpu}`, Id]);
        assert.equal(await s.ok(['exec', Id, 'nproc']), String(cpus().length));
      });
    },
    needsTwoCpus,
  );

  effect(['cpu.cpuset_partition'], 'an isolated partition has its CPUs to itself', async () => {
    await running(
      [{ flags: ['--cpuset-cpus', lastCpu, '--cpuset-partition', 'root'], script: spin }],
      async (c) => {
        assert.equal(cgroupFile(c, 'cpuset', 'cpuset.cpus.partition'), 'root');
      },
    );
  });
});

const hog = ['tail', '/dev/zero'];

describe('memory', { concurrency: 2 }, () => {
  effect(
    ['memory.max_bytes', 'memory.memory_swap_bytes'],
    'a hog is killed at its limit: 137, OOMKilled',
    async () => {
      const flags = ['--memory', '16m', '--memory-swap', '16m'];
      const id = await s.ok(['create', ...flags, s.rootfs, ...hog]);
      assert.equal((await s.likerctl(['start', '-a', id])).code, 137);
      assert.equal((await s.inspect(id)).State.OOMKilled, true);
      await s.ok(['rm', id]);
    },
  );

  effect(['memory.high_bytes'], 'it slows and does not kill', async () => {
    const flags = ['--memory-high', '16m', '--memory', '1g'];
    await running([{ flags, script: 'tail /dev/zero' }], async (container) => {
      await until('it was slowed', () =>
        /^high [1-9]\d/m.test(cgroupFile(container, 'memory', 'memory.events') ?? ''),
      );
      await sleep(500);
      assert.equal((await s.inspect(container.Id)).State.Running, true);
      assert.ok(Number(cgroupFile(container, 'memory', 'memory.current')) < 256 << 20);
    });
  });

  effect(['memory.oom_kill_disable'], 'a hog waits; it is killed once that is allowed again', async () => {
    const flags = ['--memory', '16m', '--memory-swap', '16m', '--oom-kill-disable'];
    await running([{ flags, script: 'tail /dev/zero' }], async (container) => {
      const control = () => cgroupFile(container, 'memory', 'memory.oom_control') ?? '';
      await until('it is out of memory', () => control().includes('under_oom 1'));
      assert.equal((await s.inspect(container.Id)).State.Running, true);
      await s.ok(['update', '--oom-kill-disable=false', container.Id]);
      assert.equal(await s.ok(['wait', container.Id]), '137');
    });
  });

  effect(['memory.oom_group'], 'all of the container is killed', async () => {
    const flags = ['--memory', '16m', '--memory-swap', '16m', '--oom-group'];
    const { code } = await s.run(flags, ['bash', '-c', 'tail /dev/zero & wait; exit 3']);
    assert.equal(code, 137);
  });

  effect(['memory.max_bytes'], 'an update that the kernel refuses changes nothing', async () => {
    const script = 'x=$(head -c 40000000 /dev/zero | tr "\\0" x); echo ready; sleep 1000; :';
    const flags = ['--memory', '256m', '--memory-swap', '256m'];
    await running([{ flags, script }], async (container) => {
      await until('it has its memory', async () => (await s.ok(['logs', container.Id])) === 'ready');
      const before = (await s.inspect(container.Id)).AppliedLimits;
      const change = [...pinned, '--memory', '8m', '--memory-swap', '8m', '--pids-limit', '7'];
      const { code, stderr } = await s.likerctl(['update', ...change, container.Id]);
      if ((await machine()).CgroupLayout === 'v2') return; // v2 takes any limit, and then kills
      assert.equal(code, 1);
      assert.match(stderr, /Cannot set memory\.max_bytes to 8388608: .*in use now/);
      assert.deepEqual((await s.inspect(container.Id)).AppliedLimits, before);
      assert.equal(await s.ok(['exec', container.Id, 'nproc']), String(cpus().length));
    });
  });

  effect(['process.oom_score_adj'], 'it is the process’s and its execs’', async () => {
    await running([{ flags: ['--oom-score-adj', '321'], script: 'sleep 1000' }], async ({ Id, State }) => {
      assert.equal(readFileSync(`/proc/${State.Pid}/oom_score_adj`, 'utf8'), '321\n');
      assert.equal(await s.ok(['exec', Id, 'cat', '/proc/self/oom_score_adj']), '321');
    });
  });

  for (const [knob, flags, file] of [
    [
      'memory.reservation_bytes',
      ['--memory-reservation', '8m'],
      'memory.soft_limit_in_bytes|memory.low=8388608',
    ],
    ['memory.low_bytes', ['--memory-low', '8m'], 'memory.low=8388608'],
    ['memory.min_bytes', ['--memory-min', '8m'], 'memory.min=8388608'],
    ['memory.swap_high_bytes', ['--memory-swap-high', '8m'], 'memory.swap.high=8388608'],
    ['memory.zswap_max_bytes', ['--memory-zswap-max', '8m'], 'memory.zswap.max=8388608'],
    ['memory.swappiness', ['--memory-swappiness', '7'], 'memory.swappiness=7'],
  ] as const) {
    effect([knob], 'is in force (felt only by a machine that is out of memory)', async () => {
      await running([{ flags, script: 'sleep 1000' }], async (container) => {
        const limit = container.AppliedLimits.find(({ Knob }) => Knob === knob);
        const [files = '', value] = file.split('=');
        assert.ok(limit);
        assert.ok(files.split('|').includes(basename(limit.File)), limit.File);
        assert.equal(readFileSync(limit.File, 'utf8').trim(), value);
      });
    });
  }
});

describe('processes and groups', { concurrency: 2 }, () => {
  effect(['pids.max'], 'a fork bomb stops at its limit, and the host can fork', async () => {
    await running(
      [{ flags: ['--pids-limit', '40'], script: 'f() { f | f & }; f; sleep 1000' }],
      async (container) => {
        await until('forks fail', () =>
          /^max [1-9]/m.test(cgroupFile(container, 'pids', 'pids.events') ?? ''),
        );
        assert.ok(Number(cgroupFile(container, 'pids', 'pids.current')) <= 40);
        assert.equal(await s.sh([], 'echo $(seq 3 | tail -n 1)'), '3');
      },
    );
  });

  effect(
    ['cgroup.max_descendants', 'cgroup.max_depth'],
    'there is room for one exec and no more',
    async () => {
      const flags = ['--cgroup-max-descendants', '1', '--cgroup-max-depth', '1'];
      await running([{ flags, script: 'sleep 1000' }], async ({ Id }) => {
        assert.equal(await s.ok(['exec', Id, 'echo', 'one']), 'one');
        await s.ok(['exec', '-d', Id, 'sleep', '1000']);
        assert.notEqual((await s.likerctl(['exec', Id, 'true'])).code, 0);
        await s.ok(['update', '--cgroup-max-descendants', '5', Id]);
        assert.equal(await s.ok(['exec', Id, 'echo', 'two']), 'two');
      });
    },
  );

  test('--cgroup-conf writes a file of the kernel, in whichever hierarchy it is', async () => {
    const { code } = await s.run(
      ['--cgroup-conf', 'pids.max=3'],
      ['sh', '-c', 'sleep 1 | sleep 1 | cat | cat'],
    );
    assert.notEqual(code, 0);
    table.push(['cgroup.settings', 'pass']);
  });

  test('--cgroup-parent: what limits the parent limits the container', async () => {
    const parent = `lk-parent-${process.pid}`;
    const folders = new Set<string>();
    try {
      await running(
        [{ flags: ['--cgroup-parent', `/${parent}/in`], script: 'sleep 1000' }],
        async (container) => {
          for (const path of Object.values(container.CgroupPaths)) folders.add(dirname(path));
          for (const folder of folders) assert.equal(basename(dirname(folder)), parent);
          const pids = [...folders].find((folder) => existsSync(join(folder, 'pids.max'))) ?? '';
          writeFileSync(join(pids, 'pids.max'), '3');
          const { code, stderr } = await s.likerctl([
            'exec',
            container.Id,
            'sh',
            '-c',
            'sleep 1 | sleep 1 | cat',
          ]);
          assert.notEqual(code, 0, stderr);
        },
      );
      table.push(['cgroup_parent', 'pass']);
    } finally {
      for (const folder of folders) {
        rmdirSync(folder);
        rmdirSync(dirname(folder));
      }
    }
  });
});

const hugePool = '/proc/sys/vm/nr_hugepages';
let poolBefore = '';

describe('huge pages', () => {
  before(() => {
    if (!existsSync(hugePool)) return;
    poolBefore = readFileSync(hugePool, 'utf8').trim();
    writeFileSync(hugePool, String(Number(poolBefore) + 4));
  });
  after(() => {
    if (poolBefore !== '') writeFileSync(hugePool, poolBefore);
  });
  const needsPages = () => {
    const there = poolBefore !== '' && Number(readFileSync(hugePool, 'utf8')) >= Number(poolBefore) + 4;
    return there ? '' : 'the machine has no huge pages to give';
  };

  effect(
    ['hugetlb.2MB.max_bytes'],
    'SIGBUS beyond the limit',
    async () => {
      const { code, stdout } = await s.run(['--hugetlb-limit', '2MB=4m'], ['huge', '3']);
      assert.deepEqual([stdout, code], ['1\n2\n', 135]);
      assert.equal((await s.run(['--hugetlb-limit', '2m=6m'], ['huge', '3'])).code, 0);
    },
    needsPages,
  );

  effect(
    ['hugetlb.2MB.reservation_bytes'],
    'mmap fails beyond the limit',
    async () => {
      const ENOMEM = 12;
      assert.equal((await s.run(['--hugetlb-reservation', '2MB=4m'], ['huge', '3'])).code, ENOMEM);
      assert.equal((await s.run(['--hugetlb-reservation', '2MB=4m'], ['huge', '2'])).code, 0);
    },
    needsPages,
  );
});

describe('block IO', { concurrency: 4 }, () => {
  /** The disk that containers' layers are on. */
  const disk = (): string => {
    const { dev } = statSync(s.daemon.root);
    const number = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
    return existsSync(`/sys/dev/block/${number}/queue`) ? number : '';
  };
  const limited = async (flag: string, value: string, dd: string): Promise<number> => {
    const started = performance.now();
    await s.sh([`--${flag}`, `${disk()}:${value}`], `dd ${dd} 2>/dev/null`);
    return (performance.now() - started) / 1000;
  };
  const file = 'if=/data bs=64k iflag=direct of=/dev/null';
  const needsDisk = () => (disk() === '' ? 'the layers are on no disk' : '');

  before(() => writeFileSync(join(s.rootfs, 'data'), Buffer.alloc(4 << 20, 'x'), { flush: true }));

  for (const [knob, flag, value, dd, least] of [
    ['io.write_bps', 'device-write-bps', '1mb', 'if=/dev/zero of=/out bs=64k count=40 oflag=direct', 2],
    ['io.write_iops', 'device-write-iops', '20', 'if=/dev/zero of=/out bs=4k count=40 oflag=direct', 1.5],
    ['io.read_bps', 'device-read-bps', '1mb', `${file} count=40`, 2],
    ['io.read_iops', 'device-read-iops', '20', `${file} count=40`, 1.5],
  ] as const) {
    effect(
      [knob],
      `direct IO is held to ${value}`,
      async () => {
        const seconds = await limited(flag, value, dd);
        assert.ok(seconds >= least, `${seconds} s`);
        const free = await limited(flag, '0', dd);
        assert.ok(free < seconds, `${free} s without a limit, ${seconds} s with it`);
      },
      needsDisk,
    );
  }

  effect(['io.weight'], 'is in force (felt only below the scheduler bfq)', async () => {
    await running([{ flags: ['--blkio-weight', '300'], script: 'sleep 1000' }], async (container) => {
      const limit = container.AppliedLimits.find(({ Knob }) => Knob === 'io.weight');
      assert.match(readFileSync(limit?.File ?? '', 'utf8'), /\b(300|2930)\b/);
    });
  });

  test('a container that is killed does not wait for its own limits', async (context) => {
    if (needsDisk() !== '') return context.skip(needsDisk());
    const dd = ['dd', 'if=/dev/zero', 'of=/out', 'bs=1M', 'count=16', 'conv=fsync'];
    const id = await s.detached(['--device-write-bps', `${disk()}:64k`], dd);
    await sleep(500);
    assert.equal((await s.inspect(id)).State.Running, true);
    const started = performance.now();
    await s.ok(['rm', '-f', id]);
    assert.ok(performance.now() - started < 10_000);
  });
});

describe('devices', { concurrency: 2 }, () => {
  /** One that is not among the default ones, a misc device. */
  const path = ['/dev/fuse', '/dev/btrfs-control'].find((candidate) => existsSync(candidate)) ?? '';
  const minor = path === '' ? 0 : statSync(path).rdev & 0xff;
  const mine = `mknod /tmp/node c 10 ${minor} && (exec 3<>/tmp/node)`;

  effect(
    ['devices'],
    'one that is not allowed is EPERM, one that is works, and only as far as it is',
    async () => {
      const denied = await s.run([], ['bash', '-c', mine]);
      assert.notEqual(denied.code, 0);
      assert.match(denied.stderr, /Operation not permitted/);
      await s.sh(['--device', path], `(exec 3<>${path})`);
      await s.sh(['--device', `${path}:/dev/other/f:r`], 'test -c /dev/other/f && (exec 3</dev/other/f)');
      const readOnly = await s.run(['--device', `${path}:r`], ['bash', '-c', `(exec 3<>${path})`]);
      assert.match(readOnly.stderr, /Operation not permitted/);
      await s.sh(['--device-cgroup-rule', `c 10:${minor} rw`], mine);
      await s.sh(['--device-cgroup-rule', 'c 10:* rwm'], mine);
    },
    () => (path === '' ? 'neither /dev/fuse nor /dev/btrfs-control' : ''),
  );

  test('a rule that denies takes away a default device', async () => {
    const { code, stderr } = await s.run(
      ['--device-cgroup-rule', 'deny c 1:5 rwm'],
      ['head', '-c', '1', '/dev/zero'],
    );
    assert.notEqual(code, 0);
    assert.match(stderr, /Operation not permitted/);
  });

  test('a device that is not there is refused before anything is made', async () => {
    const { code, stderr } = await s.run(['--device', '/dev/no-such'], ['true']);
    assert.equal(code, 125);
    assert.match(stderr, /'\/dev\/no-such': it does not exist/);
  });
});

describe('limits that cannot be had here', () => {
  /** Something that this layout lacks. */
  const lacking = async (): Promise<[flag: string, value: string, knob: string]> =>
    (await machine()).CgroupLayout === 'v2'
      ? ['--memory-swappiness', '5', 'memory.swappiness']
      : ['--memory-high', '64m', 'memory.high_bytes'];

  test('strict: nothing is made, and the error names the controller, the path and the remedy', async () => {
    const [flag, value, knob] = await lacking();
    const { code, stderr } = await s.run([flag, value, '--name', 'strict'], ['true']);
    assert.equal(code, 125);
    assert.match(
      stderr,
      new RegExp(`^likerctl: Cannot set ${knob} to .*'memory'.*/sys/fs/cgroup.*leave it out`),
    );
    assert.equal((await s.likerctl(['inspect', 'strict'])).code, 1);
  });

  test('best-effort: a warning, an event, and it runs', async () => {
    const [flag, value, knob] = await lacking();
    const flags = ['--limits', 'best-effort', flag, value, '--pids-limit', '50', '--name', 'best'];
    const { code, stdout, stderr } = await s.run(flags, ['echo', 'done']);
    assert.deepEqual([code, stdout], [0, 'done\n']);
    assert.match(stderr, new RegExp(`^likerctl: Limit not applied: Cannot set ${knob}`));
    const events = await s.ok([
      'events',
      '--since',
      '1',
      '--until',
      '0s',
      '--filter',
      'container=best',
      '--format',
      'json',
    ]);
    assert.match(events, new RegExp(`"limit_not_applied".*${knob}`));
  });

  test('info tells of every knob where it is, or why it is not', async () => {
    const text = await s.ok(['info']);
    const { Knobs } = await machine();
    for (const { Knob, Problem } of Knobs) {
      const line = text.split('\n').find((candidate) => candidate.trim().startsWith(`${Knob} `)) ?? '';
      assert.match(line, Problem === '' ? /(v1|v2|proc) +\S/ : / - +\S/, Knob);
    }
    assert.ok(Knobs.length > 35);
  });
});
