import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, test } from 'node:test';
import { isError, limits, readIn } from '../../test/cgroups.ts';
import { Cgroups } from './cgroups.ts';
import { type LimitsPatch, limitsOf } from './resources.ts';

const cgroups = Cgroups.open({ parent: `liker-test-${process.pid}-knobs` });
const free = { allDevices: true };
const available = new Set(
  cgroups
    .knobs()
    .filter(({ problem }) => problem === '')
    .map(({ knob }) => knob),
);
after(() => cgroups.close());

const mib = 2 ** 20;
/** Every limit that needs nothing but a kernel, with the text that is read back. */
const all: readonly (readonly [knob: string, patch: LimitsPatch, effective: RegExp])[] = [
  ['cpu.burst_us', { cpu: { quotaUs: 50_000, burstUs: 20_000 } }, /^20000$/],
  ['cpu.idle', { cpu: { idle: true } }, /^1$/],
  ['cpu.realtime_runtime_us', { cpu: { realtimeRuntimeUs: 1000 } }, /^1000$/],
  ['cpu.realtime_period_us', { cpu: { realtimePeriodUs: 500_000 } }, /^500000$/],
  ['memory.reservation_bytes', { memory: { reservationBytes: 8 * mib } }, /^8388608$/],
  ['memory.low_bytes', { memory: { lowBytes: 8 * mib } }, /^8388608$/],
  ['memory.min_bytes', { memory: { minBytes: 8 * mib } }, /^8388608$/],
  ['memory.high_bytes', { memory: { highBytes: 8 * mib } }, /^8388608$/],
  ['memory.swap_high_bytes', { memory: { swapHighBytes: 8 * mib } }, /^8388608$/],
  ['memory.zswap_max_bytes', { memory: { zswapMaxBytes: 8 * mib } }, /^8388608$/],
  ['memory.swappiness', { memory: { swappiness: 7 } }, /^7$/],
  ['memory.oom_group', { memory: { oomGroup: true } }, /^1$/],
  ['memory.oom_kill_disable', { memory: { oomKillDisable: true } }, /^1$/],
  [
    'hugetlb.2MB.max_bytes',
    { hugetlb: [{ pageSize: '2MB', maxBytes: 4 * mib, reservationBytes: null }] },
    /^4194304$/,
  ],
  [
    'hugetlb.2MB.reservation_bytes',
    { hugetlb: [{ pageSize: '2MB', maxBytes: null, reservationBytes: 4 * mib }] },
    /^4194304$/,
  ],
  ['io.weight', { io: { weight: 300 } }, /^(default )?(300|2930)$/],
  ['cgroup.max_descendants', { cgroup: { maxDescendants: 3 } }, /^3$/],
  ['cgroup.max_depth', { cgroup: { maxDepth: -1 } }, /^max$/],
];

for (const [knob, patch, effective] of all) {
  test(`${knob} is set, read back, and reset by an update to the default`, async () => {
    const wanted = limits(patch);
    if (!available.has(knob)) {
      assert.throws(
        () => cgroups.check(wanted),
        (error) =>
          isError('LIMIT_REFUSED', /leave it out/)(error) || isError('CGROUP_CONTROLLER_MISSING', /./)(error),
      );
      const left = cgroups.check(wanted, { ...free, mode: 'best-effort' });
      assert.ok(left.some((limit) => limit.knob === knob));
      return;
    }
    assert.deepEqual(cgroups.check(wanted), []);
    const preview = cgroups.preview('c', wanted, free);
    assert.deepEqual(cgroups.list(), []);
    const cgroup = await cgroups.create('c', wanted, free);
    try {
      const applied = cgroup.applied.find((limit) => limit.knob === knob);
      assert.match(applied?.effective ?? '', effective);
      assert.match(readFileSync(applied?.file ?? '', 'latin1'), new RegExp(effective.source.slice(1, -1)));
      assert.equal(applied?.problem, '');
      for (const { file, written } of cgroup.applied)
        assert.ok(
          preview.some((write) => write.file === file && write.value === written),
          `the preview lacks ${written} in ${file}: ${JSON.stringify(preview)}`,
        );
    } finally {
      await cgroup.remove();
    }
  });
}

test('T48: whichever write fails, all lines of all files are restored', async () => {
  const depth = available.has('cgroup.max_depth') ? { cgroup: { maxDepth: 2 } } : {};
  const cgroup = await cgroups.create('undo', limits({ pids: { max: 9 }, ...depth }), free);
  const files = (): (string | null)[] => [
    readIn(cgroup, 'pids.max'),
    readIn(cgroup, 'cpu.shares') ?? readIn(cgroup, 'cpu.weight'),
    readIn(cgroup, 'memory.oom_control') ?? readIn(cgroup, 'memory.high'),
  ];
  const before = files();
  try {
    const change = {
      ...(available.has('memory.oom_kill_disable') ? { memory: { oomKillDisable: true } } : {}),
      ...(available.has('memory.high_bytes') ? { memory: { highBytes: 64 * mib } } : {}),
      cpu: { shares: 77 },
      pids: { max: 5 },
      cgroup: { settings: [{ file: 'pids.max', value: 'many' }] },
    };
    assert.throws(() => cgroup.update(limits(change)), isError('LIMIT_REFUSED', /'many'.*EINVAL/));
    assert.deepEqual(files(), before);
  } finally {
    await cgroup.remove();
  }
});

test('best-effort sets what is possible and reports the rest', async () => {
  const settings = [{ file: 'pids.max', value: 'many' }];
  const wanted = limits({ pids: { max: 9 }, cgroup: { settings } });
  await assert.rejects(cgroups.create('best', wanted, free), isError('LIMIT_REFUSED', /'many'/));
  assert.ok(!cgroups.list().includes('best'));
  const cgroup = await cgroups.create('best', wanted, { ...free, mode: 'best-effort' });
  try {
    assert.deepEqual(
      cgroup.applied.map(({ knob, problem }) => [knob, problem === '']),
      [
        ['pids.max', true],
        ['cgroup.settings.pids.max', false],
      ],
    );
    assert.equal(readIn(cgroup, 'pids.max'), '9');
  } finally {
    await cgroup.remove();
  }
});

test('an impossible argument is refused in every mode', () => {
  const wanted = limits({ cgroup: { settings: [{ file: 'cgroup.procs', value: '1' }] } });
  assert.throws(
    () => cgroups.check(wanted, { ...free, mode: 'best-effort' }),
    isError('BAD_ARGUMENT', /itself/),
  );
});

test('T45, T49: another parent is created level by level, and leads nowhere else', async () => {
  const top = `liker-test-${process.pid}-under`;
  const limit = limitsOf({ pids: { max: 5 } });
  // The first level is somebody else's, who has handed on no controller and filled no cpuset.
  for (const path of Object.values(cgroups.open('c').paths)) mkdirSync(`${dirname(dirname(path))}/${top}`);
  const beside = await cgroups.create('beside', limit, { ...free, under: top });
  const cgroup = await cgroups.create('c', limit, { ...free, under: `${top}/in` });
  const parents = Object.values(cgroup.paths).map(dirname);
  try {
    assert.equal(readIn(cgroups.open('c', { under: `${top}/in` }), 'pids.max'), '5');
    assert.equal(readIn(beside, 'pids.max'), '5');
    assert.notEqual(readIn(beside, 'cpuset.cpus.effective') ?? readIn(beside, 'cpuset.cpus'), '');
    for (const path of Object.values(cgroup.paths)) assert.ok(path.endsWith(`/${top}/in/c`), path);
    for (const under of ['..', 'a/../b', '/a', 'a//b', './a']) {
      await assert.rejects(
        cgroups.create('c', limit, { ...free, under }),
        isError('BAD_ARGUMENT', /Invalid cgroup name/),
      );
    }
  } finally {
    await cgroup.remove();
    await beside.remove();
    for (const folder of parents) {
      rmdirSync(folder);
      rmdirSync(dirname(folder));
    }
  }
  for (const folder of parents) assert.ok(!existsSync(dirname(folder)));
});
