import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountAttr, notHeld, type StepName } from '../../../kernel/plan/steps.ts';
import { rangeMaps } from '../../../kernel/users/id-maps.ts';
import { addMountSteps, removeMountSteps } from './live-mounts.ts';
import type { PlannedMount } from './mounts.ts';

const main = { pid: 7, startTime: '9' };
const live = { main, maps: null, mountPoint: '/m', userXattr: false };
const mapped = { ...live, maps: rangeMaps(600_000) };
const names = (mount: PlannedMount, more = {}): StepName[] =>
  addMountSteps(mount, { ...mapped, ...more }).map(({ step }) => step);

const volume: PlannedMount = {
  type: 'volume',
  source: '/v',
  subpath: '',
  target: '/data',
  readOnly: true,
  map: 'container',
  fill: 'first',
};
const bind: Extract<PlannedMount, { type: 'bind' }> = {
  type: 'bind',
  source: '/s',
  target: '/t',
  readOnly: false,
  readOnlyNonRecursive: false,
  propagation: 'rprivate',
  recursive: true,
  createSource: false,
  idmap: { kind: 'default' },
  overlay: false,
  map: 'container',
  below: [],
};

test('trees are made with the rights of likerd, and put into place from inside', () => {
  assert.deepEqual(names(bind), ['host-proc', 'join-user', 'take', 'enter-container', 'add-mount']);
  assert.deepEqual(names({ ...bind, map: 'none' }, { maps: null }), [
    ...['host-proc', 'take', 'enter-container', 'add-mount'],
  ]);
  const below = [
    { path: '/a', mappable: false },
    { path: '/b', mappable: true },
  ];
  const steps = addMountSteps({ ...bind, below }, mapped);
  assert.deepEqual(
    steps.flatMap((step) => (step.step === 'add-mount' ? [[step.tree, step.target, step.optional]] : [])),
    [
      [1, '/t', false],
      [2, '/t/a', true],
      [3, '/t/b', true],
    ],
  );
});

test('a tmpfs is made inside, so that it belongs to the user namespace', () => {
  const tmpfs = { type: 'tmpfs', target: '/t', readOnly: false, options: [] } as const;
  assert.deepEqual(names(tmpfs), ['host-proc', 'join-user', 'enter-container', 'take-mount', 'add-mount']);
});

test('a volume that is to be filled becomes read-only afterwards', () => {
  const steps = addMountSteps(volume, mapped);
  const [take, , fill, add] = steps.slice(2);
  assert.ok(take?.step === 'take' && take.attributes === 0);
  assert.ok(fill?.step === 'fill' && fill.tree === 1);
  assert.deepEqual(add, {
    step: 'add-mount',
    tree: 1,
    target: '/data',
    attributes: mountAttr.RDONLY,
    optional: false,
  });
  const filled = addMountSteps({ ...volume, fill: 'no' }, mapped);
  assert.ok(!filled.some(({ step }) => step === 'fill'));
});

test('an overlay is made as root inside', () => {
  const overlay: PlannedMount = {
    type: 'overlay',
    lowers: ['/l/b', '/l/a'],
    layer: '/c/o',
    subpath: 'x',
    target: '/o',
    readOnly: true,
    map: 'container',
  };
  const steps = addMountSteps(overlay, mapped);
  const taken = steps.find((step) => step.step === 'take-overlay');
  assert.deepEqual([taken?.uid, taken?.gid, taken?.lowers, taken?.layer], [600_000, 600_000, [1], 2]);
  const add = steps.at(-1);
  assert.ok(add?.step === 'add-mount' && add.tree === 3);
  // Without root nothing can be idmapped.
  const bare = addMountSteps({ ...overlay, map: 'none' }, { ...mapped, userXattr: true });
  assert.ok(bare.every((step) => step.step !== 'take' || step.map === notHeld));
});

test('unmounting needs no tree', () => {
  assert.deepEqual(removeMountSteps('/t', true, mapped), [
    { step: 'host-proc' },
    { step: 'enter-container', ...main, user: true },
    { step: 'remove-mount', target: '/t', lazy: true },
  ]);
});
