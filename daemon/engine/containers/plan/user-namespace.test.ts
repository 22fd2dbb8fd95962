import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountAttr, ms, notHeld, type Step } from '../../../kernel/plan/steps.ts';
import { keepIdMaps, rangeMaps, wholeGroupRange } from '../../../kernel/users/id-maps.ts';
import { HeldMaps, hasGroup, innerRoot } from './id-maps.ts';
import { type Entered, inUserNamespace } from './user-namespace.ts';

const maps = rangeMaps(100_000);
const overlay = { lowers: ['/r'], layer: '/l', volatile: true, userXattr: false };
const bind: Step = {
  step: 'bind',
  source: '/srv',
  target: '/s',
  recursive: true,
  attributes: 1,
  topOnly: false,
  propagation: 0,
  map: 0,
  create: 'directory',
  optional: true,
};

function rewritten(steps: readonly Step[], changes: Partial<Entered> = {}): Step[] {
  const userNamespace = { kind: 'own', maps } as const;
  return inUserNamespace(steps, {
    userNamespace,
    held: new HeldMaps(userNamespace, []),
    mountPoint: '/m',
    overlay,
    mountsBelow: [],
    foreign: new Set(),
    ...changes,
  });
}

function taken(source: string, changes: Partial<Step & { step: 'take' }> = {}): Step {
  return {
    step: 'take',
    source,
    recursive: false,
    attributes: 0,
    topOnly: false,
    propagation: ms.SLAVE,
    map: 0,
    optional: false,
    ...changes,
  };
}

test('what names files of the host is cloned before the namespace is entered, and put where it was to be', () => {
  const given: Step[] = [
    { step: 'join-cgroup', file: '/t' },
    {
      step: 'root-overlay',
      at: '/m',
      lowers: ['/r'],
      names: [],
      layer: '/l',
      volatile: true,
      userXattr: false,
    },
    bind,
    { step: 'file-store', at: '/f', size: '1' },
    { step: 'pivot' },
    { step: 'rlimit', resource: 7, soft: '1', hard: '2' },
  ];
  const { source: _s, step: _, target: _t, create: _c, ...how } = bind;
  const root = { uid: 100_000, gid: 100_000 };
  assert.deepEqual(rewritten(given), [
    { step: 'join-cgroup', file: '/t' },
    { step: 'raise-limit', resource: 7, hard: '2' },
    { step: 'chdir', path: '/m' },
    { step: 'id-map', ...maps },
    taken('/r'),
    taken('/l'),
    {
      step: 'take-overlay',
      at: '/m',
      lowers: [1],
      names: [],
      layer: 2,
      volatile: true,
      ...root,
      userXattr: false,
      attributes: 0,
      below: '',
      folder: '',
      needs: [],
    },
    taken('/srv', how),
    { step: 'stream-owner', ...root },
    { step: 'enter-user', namespace: 0 },
    { step: 'file-store', at: '', size: '1' },
    { step: 'place-root', tree: 3 },
    { step: 'place', tree: 4, target: '/s', optional: true },
    { step: 'pivot' },
    { step: 'rlimit', resource: 7, soft: '1', hard: '2' },
  ]);
});

const node = { type: 'c', major: 1, minor: 3, mode: 0o666, uid: 0, gid: 0 } as const;

test('a read-only root is idmapped with each mount below it that can be, and an overlay where it lacks a target', () => {
  const bound: Step = {
    step: 'root-bind',
    at: '/m',
    source: '/r',
    readOnly: true,
    overlay: '',
    needs: ['/proc'],
    below: ['/a', '/p'],
  };
  const mountsBelow = [
    { path: '/a', mappable: true },
    { path: '/p', mappable: false },
  ];
  const root = { uid: 100_000, gid: 100_000 };
  const attributes = mountAttr.RDONLY;
  assert.deepEqual(rewritten([bound], { mountsBelow }).slice(2, -2), [
    taken('/r', { attributes }),
    taken('/l'),
    {
      step: 'take-overlay',
      at: '/m',
      lowers: [1],
      names: [],
      layer: 2,
      volatile: true,
      ...root,
      userXattr: false,
      attributes: 0,
      below: '',
      folder: '/r',
      needs: ['/proc'],
    },
    taken('/r/a', { attributes, optional: true }),
    taken('/r/p', { attributes, optional: true, map: notHeld }),
    { step: 'stream-owner', ...root },
    { step: 'enter-user', namespace: 0 },
    { step: 'place-root', tree: 3 },
  ]);
  const writable = rewritten([{ ...bound, readOnly: false, needs: [] }]);
  assert.deepEqual(writable[2], taken('/r'));
  assert.ok(!writable.some(({ step }) => step === 'take-overlay'));
});

test('the file system of a namespace that is not its own is mounted before, and that of its own inside', () => {
  const mount: Step = {
    step: 'mount',
    type: 'sysfs',
    source: 'sysfs',
    target: '/sys',
    attributes: 1,
    create: 'directory',
    optional: false,
    options: [],
  };
  assert.ok(rewritten([mount]).includes(mount));
  const steps = rewritten([mount], { foreign: new Set(['sysfs']) });
  const { target: _, create: _c, ...how } = mount;
  assert.deepEqual(
    [steps[2], steps.at(-1)],
    [
      { ...how, step: 'take-mount' },
      { step: 'place', tree: 1, target: '/sys', optional: false },
    ],
  );
});

test('a device outside /dev is made there and moved', () => {
  const dev: Step = {
    step: 'mount',
    type: 'tmpfs',
    source: 'tmpfs',
    target: '/dev',
    attributes: 0,
    create: 'directory',
    optional: false,
    options: [],
  };
  const steps = rewritten([dev, { step: 'device', target: '/opt/null', ...node }]);
  const made = steps.find((step) => step.step === 'take-devices');
  assert.deepEqual(made?.nodes, [{ name: '.liker.1', ...node, uid: 100_000, gid: 100_000 }]);
  assert.deepEqual(steps.at(-1), { step: 'place-device', name: '.liker.1', target: '/opt/null' });
});

test('devices are made in the tmpfs of /dev before the namespace is entered', () => {
  const dev: Step = {
    step: 'mount',
    type: 'tmpfs',
    source: 'tmpfs',
    target: '/dev',
    attributes: 0,
    create: 'directory',
    optional: false,
    options: [['size', '64m']],
  };
  const steps = rewritten([
    dev,
    { step: 'device', target: '/dev/null', ...node },
    { step: 'device', target: '/dev/dri/card0', ...node, gid: 44 },
    { step: 'device', target: '/dev/far', ...node, uid: 70_000, gid: 70_000 },
  ]);
  const made = steps.find(({ step }) => step === 'take-devices');
  assert.deepEqual(made, {
    step: 'take-devices',
    uid: 100_000,
    gid: 100_000,
    size: '64m',
    nodes: [
      { name: 'null', ...node, uid: 100_000, gid: 100_000 },
      { name: 'dri/card0', ...node, uid: 100_000, gid: 100_044 },
      { name: 'far', ...node, uid: 100_000, gid: 100_000 },
    ],
  });
  assert.ok(!steps.some(({ step }) => step === 'device' || step === 'mount'));
});

test('each map of mounts is held once, after that of the container', () => {
  const other = rangeMaps(5);
  const held = new HeldMaps({ kind: 'own', maps }, ['none', 'container', other, rangeMaps(5)]);
  assert.deepEqual(held.steps, [
    { step: 'id-map', ...maps },
    { step: 'id-map', ...other },
  ]);
  assert.deepEqual(
    [held.numberOf('none'), held.numberOf('container'), held.numberOf(other)],
    [notHeld, 0, 1],
  );
  const host = new HeldMaps(null, [other]);
  assert.deepEqual([host.numberOf('container'), host.numberOf(other)], [notHeld, 0]);
  const process = { pid: 7, startTime: '8' };
  const joined = new HeldMaps({ kind: 'join', process, maps }, []);
  assert.deepEqual(joined.steps, [{ step: 'join-user', ...process }]);
});

test('root inside, group tty and the groups that may ping are those of the maps', () => {
  const keep = keepIdMaps(100_000, { uid: 1000, gid: 1000 });
  assert.deepEqual(innerRoot(keep), { uid: 100_000, gid: 100_000 });
  // The kernel compares groups as they are on the host, where 1000 is below the others.
  assert.equal(wholeGroupRange(keep), '1000 65535');
  assert.equal(wholeGroupRange(maps), '0 65535');
  assert.ok(hasGroup(null, 5));
  const few = { uids: [{ inside: 0, outside: 9, count: 1 }], gids: [{ inside: 0, outside: 9, count: 1 }] };
  assert.ok(!hasGroup({ kind: 'own', maps: few }, 5));
});
