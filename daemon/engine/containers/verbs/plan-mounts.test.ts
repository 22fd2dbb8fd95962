import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { MountEntry } from '../../../kernel/mount/mountinfo.ts';
import { rangeMaps } from '../../../kernel/users/id-maps.ts';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { specOf } from '../../../test/fake-engine.ts';
import { noFacts } from '../model/facts.ts';
import type { Idmap } from '../model/spec.ts';
import { bareBindWarning, planMounts } from './plan-mounts.ts';

const entry = (mountPoint: string, type = 'ext4'): MountEntry => ({
  id: 1,
  mountPoint,
  device: '8:1',
  type,
  isShared: false,
  isSlave: false,
});
const maps = rangeMaps(600_000);
const userNamespace = { owner: 'a', maps, rangeStart: 600_000 };

/** Binds of /srv, below which /srv/disk can be idmapped and /srv/proc cannot; of /proc; and what is planned for them. */
function planner(t: TestContext) {
  const engine = EngineFixture.start(t);
  for (const path of ['/srv/proc', '/proc']) engine.host.users.bare.add(path);
  const below = new Map([
    ['/disk', entry('/srv/disk')],
    ['/proc', entry('/srv/proc', 'proc')],
  ]);
  const context = {
    ...engine.context,
    mounts: {
      of: (path: string) => entry(path, path === '/proc' ? 'proc' : 'ext4'),
      visibleBelow: (folder: string) => (folder === '/srv' ? below : new Map()),
    },
  };
  return (mount: object, inside = true) => {
    const spec = specOf({ mounts: [{ type: 'bind', source: '/srv', target: '/s', ...mount }] });
    const facts = { ...noFacts, userNamespace: inside ? userNamespace : null };
    const { mounts, bareBinds } = planMounts(context, { id: 'c', spec, facts });
    const [bind] = mounts;
    assert.ok(bind?.type === 'bind');
    const mappable = bind.below.map(({ path, mappable }) => (mappable ? path : `not ${path}`));
    return { map: bind.map, below: mappable, warnings: bareBinds.map(bareBindWarning) };
  };
}

test('by default a bind has the ids of its container, except where the file system cannot', (t) => {
  const plan = planner(t);
  assert.deepEqual(plan({ recursive: false }), { map: 'container', below: [], warnings: [] });
  assert.deepEqual(plan({}), {
    map: 'container',
    below: ['/disk', 'not /proc'],
    warnings: [
      "Mount '/srv' at '/s' shows ids of the host, most of them as nobody, where the file system cannot be idmapped: '/srv/proc' (proc)",
    ],
  });
  const ofProc = plan({ source: '/proc' });
  assert.deepEqual([ofProc.map, ofProc.below, ofProc.warnings.length], ['none', [], 1]);
  const shared = plan({ propagation: 'rshared' });
  assert.deepEqual([shared.map, shared.below, shared.warnings.length], ['none', [], 1]);
});

test('noidmap, and no user namespace, leave the ids as they are, without a word', (t) => {
  const plan = planner(t);
  const bare = { map: 'none', below: [], warnings: [] };
  assert.deepEqual(plan({ idmap: { kind: 'none' } }), bare);
  for (const kind of ['default', 'container', 'none'])
    assert.deepEqual(plan({ idmap: { kind } }, false), bare);
});

test('what is asked for and cannot be is refused', (t) => {
  const plan = planner(t);
  const idmap: Idmap = { kind: 'container' };
  assert.equal(plan({ idmap, recursive: false }).map, 'container');
  assert.throws(() => plan({ idmap }), {
    reason: 'USERNS_UNAVAILABLE',
    field: 'spec.mounts[0].idmap',
    message: /cannot be idmapped: '\/srv\/proc' \(proc\); leave idmap out, or .* bind-recursive=disabled/,
  });
  assert.throws(() => plan({ source: '/proc', idmap, recursive: false }), { reason: 'USERNS_UNAVAILABLE' });
});

test('other maps are of the host, or with @ of the container', (t) => {
  const plan = planner(t);
  const given = (relative: boolean, outside: number) => {
    const runs = [{ inside: 1000, outside, count: 2 }];
    return { recursive: false, idmap: { kind: 'maps', maps: { uids: runs, gids: runs }, relative } };
  };
  const runs = (outside: number) => [{ inside: 1000, outside, count: 2 }];
  assert.deepEqual(plan(given(false, 0)).map, { uids: runs(0), gids: runs(0) });
  assert.deepEqual(plan(given(true, 0)).map, { uids: runs(600_000), gids: runs(600_000) });
  assert.deepEqual(plan(given(true, 0), false).map, { uids: runs(0), gids: runs(0) });
  assert.throws(() => plan(given(true, 65_536)), {
    reason: 'BAD_ARGUMENT',
    message: /none of the container's/,
  });
});

test('a source that is still to be made can be idmapped', (t) => {
  const plan = planner(t);
  assert.equal(plan({ source: '/does/not/exist' }).map, 'container');
});
