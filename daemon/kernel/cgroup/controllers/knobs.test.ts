import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import type { KnobContext, KnobSide, KnobSides } from '../knobs.ts';
import { type LimitsPatch, limitsOf } from '../resources.ts';
import { allKnobs, checkValues, knobsFor } from '../table.ts';
import { sharesOfWeight, weightOfShares } from './cpu.ts';
import { ioWeight } from './io.ts';

type Patch = LimitsPatch;

const resources = limitsOf;

interface Scene {
  readonly version: 1 | 2;
  /** What the container's files hold; absent: it is just being made. */
  readonly now?: Readonly<Record<string, string>>;
  readonly parent?: Readonly<Record<string, string>>;
}

function contextOf({ version, now, parent = {} }: Scene): KnobContext {
  return {
    version,
    fresh: now === undefined,
    folder: '',
    parent: '/cg/liker',
    mountPoint: '/cg',
    read: (file) => now?.[file] ?? null,
    readParent: (file) => parent[file] ?? null,
  };
}

/** The first one stands for all that have alternatives. */
function sideIn(sides: KnobSides): KnobSide | undefined {
  return sides === null ? undefined : [sides].flat()[0];
}

/** "file=value" of every write in order, each part of a file once. */
function writes(patch: Patch, scene: Scene): string[] {
  const wanted = resources(patch);
  const seen = new Map<string, string>();
  for (const knob of knobsFor(wanted)) {
    if (knob.requested(wanted) === null) continue;
    const side = sideIn(scene.version === 1 ? knob.v1 : knob.v2);
    for (const write of side?.writes(wanted, contextOf(scene)) ?? []) {
      const key = `${write.file} ${write.part?.key ?? ''}`;
      if (!seen.has(key)) seen.set(key, `${write.file}=${write.value}`);
    }
  }
  return [...seen.values()];
}

function check(patch: Patch, scene: Scene): void {
  const wanted = resources(patch);
  checkValues(wanted, 'limits');
  for (const knob of knobsFor(wanted))
    if (knob.requested(wanted) !== null) knob.check?.(wanted, contextOf(scene));
}

const mib = 2 ** 20;

test('shares become weights by the table', () => {
  const table = [
    [2, 1],
    [3, 2],
    [100, 17],
    [512, 59],
    [1024, 100],
    [2048, 174],
    [131072, 5478],
    [262144, 10000],
  ] as const;
  for (const [shares, weight] of table) assert.equal(weightOfShares(shares), weight, String(shares));
  assert.equal(weightOfShares(1), 1);
  assert.equal(weightOfShares(1e9), 10000);
});

test('weights become shares in proportion', () => {
  for (const [weight, shares] of [
    [1, 10],
    [100, 1024],
    [300, 3072],
    [10_000, 102_400],
  ] as const)
    assert.equal(sharesOfWeight(weight), shares, String(weight));
});

test('weights never decrease as shares increase', () => {
  for (let shares = 2; shares < 262144; shares += 97) {
    assert.ok(weightOfShares(shares) <= weightOfShares(shares + 97));
  }
});

test('T48: v1 writes the period before the quota, v2 both at once', () => {
  const patch = { cpu: { quotaUs: 50_000, periodUs: 200_000 } };
  assert.deepEqual(writes(patch, { version: 1 }), ['cpu.cfs_period_us=200000', 'cpu.cfs_quota_us=50000']);
  assert.deepEqual(writes(patch, { version: 2 }), ['cpu.max=50000 200000']);
});

test('T48: on v2 the half that is not given keeps its value', () => {
  const now = { 'cpu.max': '30000 60000' };
  assert.deepEqual(writes({ cpu: { quotaUs: 50_000 } }, { version: 2, now }), ['cpu.max=50000 60000']);
  assert.deepEqual(writes({ cpu: { periodUs: 50_000 } }, { version: 2, now }), ['cpu.max=30000 50000']);
  assert.deepEqual(writes({ cpu: { quotaUs: -1 } }, { version: 2, now }), ['cpu.max=max 60000']);
  assert.deepEqual(writes({ cpu: { quotaUs: 50_000 } }, { version: 2 }), ['cpu.max=50000 100000']);
});

test('T48: cpuset is written before cpu', () => {
  assert.deepEqual(writes({ cpu: { shares: 512, cpusetCpus: '0', cpusetMems: '0' } }, { version: 1 }), [
    'cpuset.cpus=0',
    'cpuset.mems=0',
    'cpu.shares=512',
  ]);
});

test('memory without swap gets as much swap again, on both versions', () => {
  const patch = { memory: { maxBytes: 64 * mib } };
  assert.deepEqual(writes(patch, { version: 1 }), [
    `memory.limit_in_bytes=${64 * mib}`,
    `memory.memsw.limit_in_bytes=${128 * mib}`,
  ]);
  assert.deepEqual(writes(patch, { version: 2 }), [`memory.max=${64 * mib}`, `memory.swap.max=${64 * mib}`]);
});

test('memory plus swap is the sum on v1 and the difference on v2', () => {
  const patch = { memory: { maxBytes: 64 * mib, memorySwapBytes: 100 * mib } };
  assert.deepEqual(writes(patch, { version: 1 }).at(-1), `memory.memsw.limit_in_bytes=${100 * mib}`);
  assert.deepEqual(writes(patch, { version: 2 }).at(-1), `memory.swap.max=${36 * mib}`);
  const unlimited = { memory: { maxBytes: 64 * mib, memorySwapBytes: -1 } };
  assert.deepEqual(writes(unlimited, { version: 1 }).at(-1), 'memory.memsw.limit_in_bytes=-1');
  assert.deepEqual(writes(unlimited, { version: 2 }).at(-1), 'memory.swap.max=max');
});

test('T48: v1 raises the sum first and lowers the memory first', () => {
  const now = { 'memory.limit_in_bytes': String(64 * mib), 'memory.memsw.limit_in_bytes': String(128 * mib) };
  const files = (memory: NonNullable<Patch['memory']>): string[] =>
    writes({ memory }, { version: 1, now }).map((write) => write.split('=')[0] ?? '');
  const [limit, both] = ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'];
  assert.deepEqual(files({ maxBytes: 256 * mib, memorySwapBytes: 512 * mib }), [both, limit]);
  assert.deepEqual(files({ maxBytes: 256 * mib }), [both, limit]);
  assert.deepEqual(files({ maxBytes: -1 }), [both, limit]);
  assert.deepEqual(files({ maxBytes: 32 * mib, memorySwapBytes: 64 * mib }), [limit, both]);
  assert.deepEqual(files({ maxBytes: 100 * mib }), [limit]);
});

test('impossible values are refused with their field', () => {
  const bad: [Patch, string][] = [
    [{ memory: { maxBytes: 1000 } }, 'memory.max_bytes'],
    [{ memory: { maxBytes: -2 } }, 'memory.max_bytes'],
    [{ memory: { memorySwapBytes: 64 * mib } }, 'memory.memory_swap_bytes'],
    [{ memory: { maxBytes: 64 * mib, memorySwapBytes: 32 * mib } }, 'memory.memory_swap_bytes'],
    [{ pids: { max: 0 } }, 'pids.max'],
    [{ pids: { max: 1.5 } }, 'pids.max'],
    [{ cpu: { shares: 1 } }, 'cpu.shares'],
    [{ cpu: { periodUs: 100 } }, 'cpu.period_us'],
    [{ cpu: { quotaUs: 10 } }, 'cpu.quota_us'],
    [{ cpu: { cpusetCpus: 'x' } }, 'cpu.cpuset_cpus'],
  ];
  for (const version of [1, 2] as const) {
    for (const [patch, knob] of bad) {
      assert.throws(
        () => check(patch, { version }),
        (error) =>
          error instanceof LikerError &&
          error.reason === 'BAD_ARGUMENT' &&
          (error.knob ?? error.field?.replace('limits.', '')) === knob,
        JSON.stringify(patch),
      );
    }
  }
});

test('memory plus swap can be changed alone if memory is already limited', () => {
  const now = { 'memory.max': String(64 * mib) };
  check({ memory: { memorySwapBytes: 80 * mib } }, { version: 2, now });
  assert.deepEqual(writes({ memory: { memorySwapBytes: 80 * mib } }, { version: 2, now }), [
    `memory.swap.max=${16 * mib}`,
  ]);
});

test('CPUs that do not exist are refused, even on v2, which would accept them', () => {
  const parent = { 'cpuset.cpus': '0-1', 'cpuset.cpus.effective': '0-1' };
  for (const version of [1, 2] as const) {
    check({ cpu: { cpusetCpus: '1' } }, { version, parent });
    assert.throws(
      () => check({ cpu: { cpusetCpus: '0-3' } }, { version, parent }),
      (error) =>
        error instanceof LikerError &&
        error.reason === 'LIMIT_REFUSED' &&
        /2,3 .*available: 0-1/.test(error.message),
    );
  }
});

test('a partition is refused where the kernel would make it invalid, and accepted where it would not', () => {
  const cpu = { cpusetCpus: '2-3', cpusetPartition: 'root' };
  const available = { 'cpuset.cpus.effective': '0-3' };
  const given = (cpuset: NonNullable<LimitsPatch['cpu']>, parent: Readonly<Record<string, string>>) => () =>
    check({ cpu: cpuset }, { version: 2, parent: { ...available, ...parent } });
  const no = (pattern: RegExp) => (error: unknown) =>
    error instanceof LikerError && error.reason === 'LIMIT_REFUSED' && pattern.test(error.message);
  const file = 'cpuset.cpus.partition';
  const above = /'cpuset'\); .*\/cg\/liker\/cpuset\.cpus\.partition.*--cgroup-parent.*best-effort/;
  for (const state of ['member', 'root invalid (Parent is not a partition root)']) {
    assert.throws(given(cpu, { [file]: state }), no(above));
    assert.throws(given(cpu, { [file]: state, 'cpuset.cpus.exclusive.effective': '3' }), no(above));
    given(cpu, { [file]: state, 'cpuset.cpus.exclusive.effective': '1-3' })();
    given({ ...cpu, cpusetPartition: 'member' }, { [file]: state })();
  }
  assert.throws(given(cpu, {}), no(/not there yet/));
  for (const state of ['root', 'isolated']) given(cpu, { [file]: state })();
  assert.throws(given({ cpusetPartition: 'isolated' }, { [file]: 'root' }), no(/--cpuset-cpus/));
  check(
    { cpu: { cpusetPartition: 'root' } },
    { version: 2, now: { 'cpuset.cpus': '2' }, parent: { [file]: 'root' } },
  );
});

test('without limits nothing is written', () => {
  assert.deepEqual(writes({}, { version: 1 }), []);
  assert.deepEqual(writes({}, { version: 2 }), []);
});

test('weights of block IO become v2 weights by the table, and go to bfq unchanged', () => {
  const table = [
    [10, 1],
    [11, 11],
    [100, 910],
    [300, 2930],
    [500, 4950],
    [1000, 10_000],
  ] as const;
  for (const [weight, converted] of table) assert.equal(ioWeight(weight), converted, String(weight));
  const patch = { io: { weight: 300, weightDevices: [{ device: '254:0', value: 100 }] } };
  const wanted = resources(patch);
  const byFile = (version: 1 | 2): Record<string, string[]> => {
    const files: Record<string, string[]> = {};
    for (const knob of knobsFor(wanted)) {
      if (knob.requested(wanted) === null) continue;
      for (const side of [(version === 1 ? knob.v1 : knob.v2) ?? []].flat()) {
        files[side.file] ??= [];
        files[side.file]?.push(...side.writes(wanted, contextOf({ version })).map(({ value }) => value));
      }
    }
    return files;
  };
  assert.deepEqual(byFile(1), {
    'blkio.weight': ['300'],
    'blkio.bfq.weight': ['300'],
    'blkio.weight_device': ['254:0 100'],
    'blkio.bfq.weight_device': ['254:0 100'],
  });
  assert.deepEqual(byFile(2), {
    'io.bfq.weight': ['default 300', '254:0 100'],
    'io.weight': ['default 2930', '254:0 910'],
  });
});

test('each limit goes to its file on v1 and v2, or to none if the version does not support it', () => {
  const disk = [{ device: '254:0', value: 1048576 }];
  const table: [Patch, v1: string[] | null, v2: string[] | null][] = [
    [{ cpu: { idle: true } }, ['cpu.idle=1'], ['cpu.idle=1']],
    [{ cpu: { weight: 300 } }, ['cpu.shares=3072'], ['cpu.weight=300']],
    [{ cpu: { realtimeRuntimeUs: 5000 } }, ['cpu.rt_runtime_us=5000'], null],
    [{ cpu: { realtimePeriodUs: 50_000 } }, ['cpu.rt_period_us=50000'], null],
    [{ cpu: { cpusetPartition: 'root' } }, null, ['cpuset.cpus.partition=root']],
    [{ memory: { reservationBytes: mib } }, [`memory.soft_limit_in_bytes=${mib}`], [`memory.low=${mib}`]],
    [{ memory: { lowBytes: mib } }, null, [`memory.low=${mib}`]],
    [{ memory: { minBytes: mib } }, null, [`memory.min=${mib}`]],
    [{ memory: { highBytes: mib } }, null, [`memory.high=${mib}`]],
    [{ memory: { highBytes: -1 } }, null, ['memory.high=max']],
    [{ memory: { swapHighBytes: 0 } }, null, ['memory.swap.high=0']],
    [{ memory: { zswapMaxBytes: 0 } }, null, ['memory.zswap.max=0']],
    [{ memory: { swappiness: 0 } }, ['memory.swappiness=0'], null],
    [{ memory: { oomGroup: true } }, null, ['memory.oom.group=1']],
    [{ memory: { oomKillDisable: true } }, ['memory.oom_control=1'], null],
    [
      { hugetlb: [{ pageSize: '2MB', maxBytes: 4 * mib, reservationBytes: -1 }] },
      ['hugetlb.2MB.rsvd.limit_in_bytes=-1', `hugetlb.2MB.limit_in_bytes=${4 * mib}`],
      ['hugetlb.2MB.rsvd.max=max', `hugetlb.2MB.max=${4 * mib}`],
    ],
    [
      { io: { readBps: disk, writeBps: disk } },
      ['blkio.throttle.read_bps_device=254:0 1048576', 'blkio.throttle.write_bps_device=254:0 1048576'],
      ['io.max=254:0 rbps=1048576', 'io.max=254:0 wbps=1048576'],
    ],
    [
      { io: { readIops: disk, writeIops: [{ device: '254:0', value: 0 }] } },
      ['blkio.throttle.read_iops_device=254:0 1048576', 'blkio.throttle.write_iops_device=254:0 0'],
      ['io.max=254:0 riops=1048576', 'io.max=254:0 wiops=max'],
    ],
    [{ io: { latencyUs: [{ device: '254:0', value: 1500 }] } }, null, ['io.latency=254:0 target=1500']],
    [{ network: { classId: 0x100001 } }, ['net_cls.classid=1048577'], null],
    [{ network: { priorities: { eth0: 5 } } }, ['net_prio.ifpriomap=eth0 5'], null],
    [
      { cgroup: { maxDescendants: 3, maxDepth: -1 } },
      null,
      ['cgroup.max.descendants=3', 'cgroup.max.depth=max'],
    ],
  ];
  for (const [patch, v1, v2] of table) {
    assert.deepEqual(writes(patch, { version: 1 }), v1 ?? [], JSON.stringify(patch));
    assert.deepEqual(writes(patch, { version: 2 }), v2 ?? [], JSON.stringify(patch));
  }
});

test('T48: a burst never exceeds the quota: it shrinks first and grows last', () => {
  const now = { 'cpu.max': '50000 100000', 'cpu.max.burst': '20000' };
  const patch = (quotaUs: number, burstUs: number): Patch => ({ cpu: { quotaUs, burstUs } });
  assert.deepEqual(writes(patch(10_000, 5000), { version: 2, now }), [
    'cpu.max.burst=5000',
    'cpu.max=10000 100000',
  ]);
  assert.deepEqual(writes(patch(90_000, 60_000), { version: 2, now }), [
    'cpu.max=90000 100000',
    'cpu.max.burst=60000',
  ]);
  for (const cpu of [{ quotaUs: 10_000 }, { burstUs: 60_000 }]) {
    assert.throws(() => check({ cpu }, { version: 2, now }), /burst/, JSON.stringify(cpu));
  }
  assert.throws(() => check({ cpu: { burstUs: 1000 } }, { version: 1 }), /set quota_us as well/);
});

test('T48: an idle cgroup stops being idle before it gets shares', () => {
  assert.deepEqual(writes({ cpu: { idle: false, shares: 512 } }, { version: 1, now: {} }), [
    'cpu.idle=0',
    'cpu.shares=512',
  ]);
  assert.throws(() => check({ cpu: { idle: true, shares: 512 } }, { version: 1 }), /leave one of them out/);
});

test('the undo of a line restores that line, or its reset value if there was none', () => {
  const wanted = resources({ io: { readBps: [{ device: '254:0', value: 1 }] } });
  const knob = knobsFor(wanted).find(({ name }) => name === 'io.read_bps');
  const [write] = sideIn(knob?.v2 ?? null)?.writes(wanted, contextOf({ version: 2 })) ?? [];
  assert.equal(write?.part?.of('8:0 rbps=5 wbps=max\n254:0 rbps=7 wbps=max'), '254:0 rbps=7 wbps=max');
  assert.equal(write?.part?.of('8:0 rbps=5 wbps=max'), '254:0 rbps=max');
});

test('values that are impossible on their own are refused on both versions', () => {
  const bad: [Patch, RegExp][] = [
    [{ memory: { highBytes: 0 } }, /memory\.high_bytes 0: the minimum is 4096 bytes/],
    [{ memory: { maxBytes: 8 * mib, reservationBytes: 9 * mib } }, /it is above the limit/],
    [{ memory: { swappiness: 101 } }, /from 0 to 100/],
    [{ cpu: { realtimeRuntimeUs: 2000, realtimePeriodUs: 1000 } }, /the maximum is the period, 1000/],
    [{ cpu: { weight: 10_001 } }, /from 1 to 10000, such as 300/],
    [{ cpu: { weight: 100, shares: 1024 } }, /both set the same/],
    [{ cpu: { weight: 100, idle: true } }, /an idle container has no share/],
    [{ network: { priority: 8 } }, /from 0 to 7, such as 6/],
    [{ cpu: { cpusetPartition: 'mine' } }, /use member, root, isolated/],
    [{ io: { weight: 5 } }, /from 10 to 1000/],
    [{ io: { readBps: [{ device: '/dev/null', value: 1 }] } }, /Invalid block device '\/dev\/null'/],
    [{ io: { readBps: [{ device: '/no/such', value: 1 }] } }, /ENOENT/],
    [{ cgroup: { settings: [{ file: '../x', value: '1' }] } }, /such as memory\.high/],
    [{ cgroup: { settings: [{ file: 'memory.high/..', value: '1' }] } }, /such as memory\.high/],
    [{ cgroup: { settings: [{ file: 'cgroup.procs', value: '1' }] } }, /the engine itself uses it/],
    [{ cgroup: { settings: [{ file: 'devices.allow', value: 'a' }] } }, /the engine itself uses it/],
    [{ cgroup: { settings: [{ file: 'memory.high', value: '1\n2' }] } }, /must be one line/],
  ];
  for (const version of [1, 2] as const) {
    for (const [patch, why] of bad)
      assert.throws(() => check(patch, { version }), why, JSON.stringify(patch));
  }
  assert.throws(
    () => check({ memory: { reservationBytes: mib, lowBytes: mib } }, { version: 2 }),
    /both set the same/,
  );
});

test('every knob has its own name', () => {
  const names = allKnobs().map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
});
