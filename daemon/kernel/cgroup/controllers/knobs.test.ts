import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import type { KnobContext, KnobSide, KnobSides } from '../knobs.ts';
import { completeLimits, type LimitsPatch } from '../resources.ts';
import { knobsFor } from '../table.ts';
import { weightOfShares } from './cpu.ts';

type Patch = LimitsPatch;

const resources = completeLimits;

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

test('weights never fall as shares rise', () => {
  for (let shares = 2; shares < 262144; shares += 97) {
    assert.ok(weightOfShares(shares) <= weightOfShares(shares + 97));
  }
});

test('T48: v1 writes the period before the quota, v2 both in one go', () => {
  const patch = { cpu: { quotaUs: 50_000, periodUs: 200_000 } };
  assert.deepEqual(writes(patch, { version: 1 }), ['cpu.cfs_period_us=200000', 'cpu.cfs_quota_us=50000']);
  assert.deepEqual(writes(patch, { version: 2 }), ['cpu.max=50000 200000']);
});

test('T48: on v2 the half that is not asked for stays as it is', () => {
  const now = { 'cpu.max': '30000 60000' };
  assert.deepEqual(writes({ cpu: { quotaUs: 50_000 } }, { version: 2, now }), ['cpu.max=50000 60000']);
  assert.deepEqual(writes({ cpu: { periodUs: 50_000 } }, { version: 2, now }), ['cpu.max=30000 50000']);
  assert.deepEqual(writes({ cpu: { quotaUs: -1 } }, { version: 2, now }), ['cpu.max=max 60000']);
  assert.deepEqual(writes({ cpu: { quotaUs: 50_000 } }, { version: 2 }), ['cpu.max=50000 100000']);
});

test('T48: cpuset comes before cpu', () => {
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

test('values that make no sense are refused with their field', () => {
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
          error.field === `spec.resources.${knob}`,
        JSON.stringify(patch),
      );
    }
  }
});

test('memory plus swap alone can be changed where memory is limited already', () => {
  const now = { 'memory.max': String(64 * mib) };
  check({ memory: { memorySwapBytes: 80 * mib } }, { version: 2, now });
  assert.deepEqual(writes({ memory: { memorySwapBytes: 80 * mib } }, { version: 2, now }), [
    `memory.swap.max=${16 * mib}`,
  ]);
});

test('CPUs that are not there are refused, on v2 too, which itself would take them', () => {
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

test('no limit asked for writes nothing', () => {
  assert.deepEqual(writes({}, { version: 1 }), []);
  assert.deepEqual(writes({}, { version: 2 }), []);
});
