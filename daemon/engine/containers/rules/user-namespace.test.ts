import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import { rangeMaps } from '../../../kernel/users/id-maps.ts';
import { EngineFixture, withheldSysctl } from '../../../test/engine-fixture.ts';
import type { Container } from '../model/container.ts';
import type { Namespaces } from '../model/spec.ts';
import { createContainer } from '../verbs/create.ts';
import { removeContainer } from '../verbs/remove.ts';

type User = Namespaces['user'];
type Patch = Parameters<EngineFixture['create']>[0];

const auto: User = { kind: 'auto' };
const unset: User = { kind: 'default' };
const host: User = { kind: 'host' };
const refused = (reason: string, message: RegExp) => (error: unknown) =>
  error instanceof LikerError && error.reason === reason && message.test(error.message);

function machine(t: TestContext, byDefault: 'auto' | 'host' = 'auto') {
  const engine = EngineFixture.start(t);
  const { users } = engine.host;
  users.byDefault = byDefault;
  const create = (user: User, patch: Patch = {}) =>
    engine.create({ name: '', ...patch, namespaces: { ...patch?.namespaces, user } });
  const start = (container: Container) => container.facts.userNamespace?.rangeStart ?? null;
  return { engine, users, create, start };
}

suite('the user namespace of a new container', () => {
  test('is one of its own by default, with a range that no other has', async (t) => {
    const { create, start } = machine(t);
    const made = [await create(unset), await create(auto), await create(unset), await create(unset)];
    assert.deepEqual(
      made.map(({ spec }) => spec.namespaces.user),
      [auto, auto, auto, auto],
    );
    assert.equal(new Set(made.map(start)).size, 4);
    for (const { id, facts } of made)
      assert.deepEqual(facts.userNamespace, {
        owner: id,
        rangeStart: facts.userNamespace?.rangeStart,
        maps: rangeMaps(facts.userNamespace?.rangeStart ?? 0),
      });
  });

  test('a full pool refuses, says what to do, and takes a range back at a removal', async (t) => {
    const { engine, create, start } = machine(t);
    const made = await Promise.all([1, 2, 3, 4].map(() => create(unset)));
    const full = refused(
      'TOO_MANY',
      /all 4 ranges .* are taken; remove containers, .*--userns-pool.*--userns host/,
    );
    await assert.rejects(create(unset), full);
    await assert.rejects(create(auto), full);
    await create(host);
    const [first] = made;
    assert.ok(first);
    await removeContainer(engine.context, first, { force: false });
    assert.equal(start(await create(unset)), start(first));
  });

  test('is that of the host by default where the daemon says so, and on request', async (t) => {
    const { create } = machine(t, 'host');
    for (const user of [unset, host]) {
      const { spec, facts } = await create(user);
      assert.deepEqual(
        [spec.namespaces.user, facts.userNamespace, facts.userNamespaceProblem],
        [host, null, ''],
      );
    }
    assert.notEqual((await create(auto)).facts.userNamespace, null);
  });

  test('is that of the host for a privileged container, unless it asks, and the container says so', async (t) => {
    const { engine, create } = machine(t);
    const patch = { process: { args: ['true'], privileged: true } };
    const { spec, facts } = await create(unset, patch);
    assert.deepEqual(spec.namespaces.user, host);
    assert.match(facts.userNamespaceProblem, /^it is privileged; --userns auto/);
    assert.deepEqual(engine.actions(), ['create', 'userns_not_applied']);
    assert.notEqual((await create(auto, patch)).facts.userNamespace, null);
    assert.equal((await create(host, patch)).facts.userNamespaceProblem, '');
  });

  for (const [what, spoil, why] of [
    ['the kernel', ({ users }) => (users.kernelProblem = 'no such thing'), /no such thing/],
    ['an old kernel, for an overlay', ({ users }) => (users.layerProblem = 'too old'), /too old/],
    [
      'the file system of the root',
      ({ users, engine }) => users.bare.add(join(engine.folder, 'rootfs')),
      /\/rootfs' cannot/,
    ],
    [
      'the file system of layers',
      ({ users, engine }) => users.bare.add(join(engine.folder, 'containers')),
      /\/containers' cannot/,
    ],
  ] as const satisfies [string, (parts: ReturnType<typeof machine>) => unknown, RegExp][])
    test(`where ${what} cannot, the default is the host's with the reason, and a wish is refused`, async (t) => {
      const parts = machine(t);
      spoil(parts);
      const { spec, facts } = await parts.create(unset);
      assert.deepEqual(spec.namespaces.user, host);
      assert.match(facts.userNamespaceProblem, why);
      assert.ok(parts.engine.actions().includes('userns_not_applied'));
      for (const user of [
        auto,
        { kind: 'keep-id', uid: 5, gid: 5 },
        { kind: 'maps', maps: rangeMaps(5) },
      ] as const)
        await assert.rejects(parts.create(user), refused('USERNS_UNAVAILABLE', why));
    });

  test('T59: with a sysctl that the kernel withholds there, the default is the host’s with the reason, and a wish is refused', async (t) => {
    const { engine, create } = machine(t);
    const patch = { sysctls: { 'kernel.sem': '1', [withheldSysctl]: '5' } };
    const why = /withholds 'net\.core\.somaxconn' from the network namespaces of user namespaces/;
    const { spec, facts } = await create(unset, patch);
    assert.deepEqual(spec.namespaces.user, host);
    assert.match(facts.userNamespaceProblem, why);
    assert.ok(engine.actions().includes('userns_not_applied'));
    const other = await create(auto, { sysctls: { 'net.ipv4.ip_forward': '1' } });
    for (const [user, pid] of [
      [auto, { kind: 'private' }],
      [{ kind: 'maps', maps: rangeMaps(5) }, { kind: 'private' }],
      [{ kind: 'container', id: other.name }, { kind: 'private' }],
      [unset, { kind: 'container', id: other.name }],
    ] as const)
      await assert.rejects(
        create(user, { ...patch, namespaces: { pid } }),
        refused('USERNS_UNAVAILABLE', why),
      );
    assert.equal((await create(host, patch)).facts.userNamespaceProblem, '');
  });

  test('layers do not matter to a root that is written to directly', async (t) => {
    const { engine, users, create } = machine(t);
    users.layerProblem = 'too old';
    users.bare.add(join(engine.folder, 'containers'));
    const rootfs = (mode: 'rw' | 'ro') => ({ rootfs: { directory: join(engine.folder, 'rootfs'), mode } });
    assert.notEqual((await create(auto, rootfs('rw'))).facts.userNamespace, null);
    await assert.rejects(create(auto, rootfs('ro')), refused('USERNS_UNAVAILABLE', /too old/));
  });

  test('keeps the ids of the caller, who it runs as', async (t) => {
    const { create, start } = machine(t);
    const user: User = { kind: 'keep-id', uid: 1000, gid: 600_001 };
    const container = await create(user);
    assert.equal(container.spec.process.user, '1000:600001');
    assert.deepEqual(container.facts.userNamespace?.maps.uids[1], { inside: 1000, outside: 1000, count: 1 });
    assert.notEqual(start(container), 600_000, 'the range that has the kept id itself');
    const other = await create(user, { process: { args: ['true'], user: '5' } });
    assert.equal(other.spec.process.user, '5');
    for (const [uid, gid] of [
      [0, 5],
      [5, 0],
    ] as const)
      await assert.rejects(
        create({ kind: 'keep-id', uid, gid }),
        refused('BAD_ARGUMENT', /root on the host/),
      );
  });

  test('has the maps that were given, whose ids no range touches', async (t) => {
    const { engine, create, start } = machine(t);
    const maps = rangeMaps(600_000 + 65_536);
    const given = await create({ kind: 'maps', maps });
    assert.deepEqual(given.facts.userNamespace, { owner: given.id, maps, rangeStart: null });
    const made = await Promise.all([1, 2, 3].map(() => create(auto)));
    assert.deepEqual(
      new Set(made.map(start)),
      new Set([600_000, 600_000 + 2 * 65_536, 600_000 + 3 * 65_536]),
    );
    await assert.rejects(create(auto), refused('TOO_MANY', /all 4/));
    const runs = [{ inside: 1, outside: 700_000, count: 5 }];
    const withoutRoot = { kind: 'maps', maps: { uids: maps.uids, gids: runs } } as const;
    await assert.rejects(create(withoutRoot), refused('BAD_ARGUMENT', /its gids do not map 0/));
    assert.equal(engine.context.registry.all().length, 4);
  });

  test('users and groups that it lacks are refused by number', async (t) => {
    const { engine, create } = machine(t);
    const as = (user: string, additionalGroups: string[] = []) => ({
      process: { args: ['true'], user, additionalGroups },
    });
    await create(auto, as('65535:65535', ['65535']));
    for (const patch of [as('65536'), as('0:65536'), as('', ['4', '70000'])])
      await assert.rejects(
        create(unset, patch),
        refused('BAD_ARGUMENT', /has the (user|group)s 0 to 65535; use one/),
      );
    await create(host, as('70000'));
    const container = await engine.started({ namespaces: { user: auto } });
    await assert.rejects(
      engine.exec(container, {}, { user: '70000' }),
      refused('BAD_ARGUMENT', /Cannot use user 70000/),
    );
  });
});

suite('a container that shares namespaces', () => {
  const sharing = (container: Container) => ({ pid: { kind: 'container' as const, id: container.id } });

  test('is in the user namespace of the other', async (t) => {
    const { create } = machine(t);
    const other = await create(auto);
    for (const user of [unset, { kind: 'container', id: other.name }] as const) {
      const { spec, facts } = await create(user, { namespaces: sharing(other) });
      assert.deepEqual(spec.namespaces.user, { kind: 'container', id: other.id });
      assert.deepEqual(facts.userNamespace, { ...other.facts.userNamespace, rangeStart: null });
    }
    const alone = await create({ kind: 'container', id: other.name });
    assert.equal(alone.facts.userNamespace?.owner, other.id);
    const third = await create(unset, { namespaces: sharing(alone) });
    assert.equal(third.facts.userNamespace?.owner, other.id, 'also by way of a third one');
  });

  test('is in the host’s if the other is', async (t) => {
    const { create } = machine(t);
    const other = await create(host);
    for (const user of [unset, host] as const) {
      const { spec, facts } = await create(user, { namespaces: sharing(other) });
      assert.deepEqual([spec.namespaces.user, facts.userNamespaceProblem], [host, '']);
    }
  });

  test('cannot be in another one', async (t) => {
    const { create } = machine(t);
    const one = await create(auto);
    const two = await create(auto);
    const because = refused(
      'BAD_ARGUMENT',
      /shares the pid namespace of container .*, and with it its user namespace/,
    );
    for (const user of [
      auto,
      host,
      { kind: 'keep-id', uid: 5, gid: 5 },
      { kind: 'container', id: two.id },
    ] as const)
      await assert.rejects(create(user, { namespaces: sharing(one) }), because);
    const ofHost = await create(host);
    await assert.rejects(create(auto, { namespaces: sharing(ofHost) }), because);
    const ipc = { kind: 'container', id: two.id } as const;
    await assert.rejects(create(unset, { namespaces: { ...sharing(one), ipc } }), because);
  });

  test('keeps the ids from others when the other is gone', async (t) => {
    const { engine, create } = machine(t);
    const other = await create(auto);
    const container = await create(unset, { namespaces: sharing(other) });
    await removeContainer(engine.context, other, { force: false });
    const made = await Promise.all([1, 2, 3].map(() => create(auto)));
    const { uids } = container.facts.userNamespace?.maps ?? rangeMaps(0);
    for (const { facts } of made) assert.notDeepEqual(facts.userNamespace?.maps.uids, uids);
    await assert.rejects(create(auto), refused('TOO_MANY', /all 4/));
  });
});

suite('ranges of ids outlive the daemon', () => {
  test('the next one knows them, and frees them at the removal', async (t) => {
    const { engine, create, start } = machine(t);
    const container = await create(auto);
    await create(auto);
    const next = await engine.dies(t);
    const found = next.find(container);
    assert.deepEqual(found.facts.userNamespace, container.facts.userNamespace);
    const { context } = next;
    const again = () => next.create({ name: '', namespaces: { user: auto } });
    const made = [await again(), await again()];
    assert.equal(new Set([...context.registry.all()].map(start)).size, 4);
    await assert.rejects(again(), { reason: 'TOO_MANY' });
    await removeContainer(context, found, { force: false });
    assert.equal(start(await again()), start(container));
    assert.equal(made.length, 2);
  });

  test('two containers cannot be stored with the same range', async (t) => {
    const { engine, create, start } = machine(t);
    const container = await create(auto);
    const twin = Object.assign(Object.create(Object.getPrototypeOf(container)), container, {
      id: 'f'.repeat(64),
      spec: { ...container.spec, name: 'twin' },
      facts: {
        ...container.facts,
        userNamespace: { ...container.facts.userNamespace, owner: 'f'.repeat(64) },
      },
    }) as Container;
    assert.throws(() => engine.context.ledger.insert(twin, null), /UNIQUE constraint failed: id_range.start/);
    assert.deepEqual(engine.context.ledger.idRanges(), [start(container)]);
  });

  test('a replaced container stays when the new one is refused', async (t) => {
    const { engine, create, users } = machine(t);
    const container = await create(auto, { name: 'web' });
    users.kernelProblem = 'none here';
    const spec = { ...container.spec, namespaces: { ...container.spec.namespaces, user: auto } };
    const again = createContainer(engine.context, spec, { replace: true, request: null });
    await assert.rejects(again, { reason: 'USERNS_UNAVAILABLE' });
    assert.equal(engine.context.registry.byName('web'), container);
  });
});
