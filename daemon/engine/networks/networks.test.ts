import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasReason } from '../../../common/errors.ts';
import { check } from '../../../common/schema.ts';
import { EngineFixture } from '../../test/engine-fixture.ts';
import { networkConnection } from '../containers/model/spec.ts';
import { startContainer } from '../containers/verbs/start.ts';
import type { AskedNetwork } from './api.ts';
import { networkService } from './service.ts';

const asked: AskedNetwork = {
  name: 'blue',
  driver: '',
  internal: false,
  ipv6: null,
  subnets: [],
  options: {},
  labels: {},
  egress: null,
};

const connection = (network: string, patch: object = {}) =>
  check(networkConnection, { network, ...patch }, 'connection');

const addressesOf = (engine: EngineFixture, id: string) =>
  engine.context.networks.endpointsOf(id).map(({ ipv4 }) => ipv4);

test('containers get addresses one after the other, and give them back', async (t) => {
  const engine = EngineFixture.start(t);
  const networks = [connection('bridge')];
  const one = await engine.started({ name: 'one', networks });
  const two = await engine.started({ name: 'two', networks });
  assert.deepEqual(addressesOf(engine, one.id), ['10.201.0.2']);
  assert.deepEqual(addressesOf(engine, two.id), ['10.201.0.3']);
  const [endpoint] = engine.context.networks.endpointsOf(one.id);
  assert.match(endpoint?.ipv6 ?? '', /^fd[0-9a-f:]+::2$/);
  assert.match(endpoint?.mac ?? '', /^02(:[0-9a-f]{2}){5}$/);
  await engine.ends(one);
  assert.deepEqual(addressesOf(engine, one.id), []);
  const three = await engine.started({ name: 'three', networks });
  assert.deepEqual(addressesOf(engine, three.id), ['10.201.0.4'], 'not the one that was just given back');
});

test('a container that starts again has its address again', async (t) => {
  const engine = EngineFixture.start(t);
  const networks = [connection('bridge')];
  const one = await engine.started({ name: 'one', networks });
  await engine.started({ name: 'two', networks });
  await engine.ends(one);
  await startContainer(engine.context, one);
  assert.deepEqual(addressesOf(engine, one.id), ['10.201.0.2']);
});

test('subnets of the host and of other networks are left alone', async (t) => {
  const engine = EngineFixture.start(t);
  engine.host.links.routes.set('10.201.0.0/23', 'vpn0');
  const service = networkService(engine.context);
  const blue = await service.create(asked);
  assert.deepEqual(blue.subnets.map(({ subnet, gateway }) => [subnet, gateway])[0], [
    '10.201.2.0/24',
    '10.201.2.1',
  ]);
  const red = await service.create({ ...asked, name: 'red' });
  assert.equal(red.subnets[0]?.subnet, '10.201.3.0/24');
  await assert.rejects(
    service.create({
      ...asked,
      name: 'green',
      subnets: [{ subnet: '10.201.1.0/24', gateway: '', ipRange: '', auxAddresses: {} }],
    }),
    (error) =>
      hasReason(error, 'SUBNET_IN_USE') &&
      /10\.201\.0\.0\/23 is the host's route through vpn0/.test(error.message),
  );
});

test('a repeated call makes a network, and removes it, once, also if the next daemon answers it', async (t) => {
  const engine = EngineFixture.start(t);
  const request = { ...asked, requestId: 'make' };
  const made = await networkService(engine.context).create(request);
  const next = await engine.dies(t);
  const service = networkService(next.context);
  assert.equal((await service.create(request)).id, made.id);
  await assert.rejects(service.create({ ...request, name: 'red' }), (error) =>
    hasReason(error, 'REQUEST_ID_REUSED'),
  );
  const remove = { force: false, requestId: 'remove' };
  assert.equal(await service.remove('blue', remove), made.id);
  const last = networkService((await next.dies(t)).context);
  const again = await last.create(asked);
  assert.equal(await last.remove('blue', remove), made.id);
  assert.equal(last.get('blue').id, again.id);
  await assert.rejects(last.create(request), (error) => hasReason(error, 'NETWORK_NOT_FOUND'));
});

test('addresses outlive the daemon with their containers, which have them again after a reboot', async (t) => {
  const engine = EngineFixture.start(t);
  const one = await engine.started({ name: 'one', networks: [connection('bridge')] });
  const next = await engine.dies(t);
  assert.deepEqual(addressesOf(next, one.id), ['10.201.0.2']);
  const two = await next.started({ name: 'two', networks: [connection('bridge')] });
  assert.deepEqual(addressesOf(next, two.id), ['10.201.0.3']);
  for (const { id } of [one, two]) {
    next.host.shim(id).held.clear();
    next.host.shim(id).die();
  }
  const booted = await next.dies(t, { freshBoot: true });
  assert.deepEqual(addressesOf(booted, two.id), []);
  await startContainer(booted.context, booted.context.registry.get(two.id));
  assert.deepEqual(addressesOf(booted, two.id), ['10.201.0.3']);
});

test('a container that its policy starts waits until networks are restored', async (t) => {
  const engine = EngineFixture.start(t);
  const restart = { name: 'always' } as const;
  const one = await engine.started({ name: 'one', restart, networks: [connection('bridge')] });
  engine.host.shim(one.id).held.clear();
  engine.host.shim(one.id).die();
  const { links } = engine.host;
  links.links.clear();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let early = -1;
  const ownLinks = links.ownLinks.bind(links);
  links.ownLinks = async (prefix) => {
    t.mock.timers.tick(60_000);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (early < 0) early = links.links.size;
    return ownLinks(prefix);
  };
  const next = await engine.dies(t, { freshBoot: true });
  assert.equal(early, 0, 'nothing is made while networks are restored');
  const again = next.find(one);
  await again.changed.until(() => again.phase.state === 'running', 1000);
  assert.equal(links.links.size, 1);
});

test('an address that is asked for is kept from others, and given to one alone', async (t) => {
  const engine = EngineFixture.start(t);
  await networkService(engine.context).create(asked);
  const fixed = await engine.create({
    name: 'fixed',
    networks: [connection('blue', { ipv4: '10.201.0.2' })],
  });
  const other = await engine.started({ name: 'other', networks: [connection('blue')] });
  assert.deepEqual(addressesOf(engine, other.id), ['10.201.0.3']);
  await startContainer(engine.context, fixed);
  assert.deepEqual(addressesOf(engine, fixed.id), ['10.201.0.2']);
  await assert.rejects(
    engine.started({ name: 'second', networks: [connection('blue', { ipv4: '10.201.0.2' })] }),
    (error) => hasReason(error, 'ADDRESS_IN_USE'),
  );
  await assert.rejects(
    engine.started({ name: 'outside', networks: [connection('blue', { ipv4: '192.0.2.1' })] }),
    /give one of 10\.201\.0\.0\/24/,
  );
});

test('a start that fails gives its address back', async (t) => {
  const engine = EngineFixture.start(t);
  engine.host.onSpawn = (shim) => shim.fail(0);
  const one = await engine.create({ name: 'one', networks: [connection('bridge')] });
  await assert.rejects(startContainer(engine.context, one));
  assert.deepEqual(engine.context.networks.allEndpoints(), []);
});

test('a network is removed when nobody has it, and a built-in one never', async (t) => {
  const engine = EngineFixture.start(t);
  const service = networkService(engine.context);
  await service.create(asked);
  const one = await engine.create({ name: 'one', networks: [connection('blue')] });
  await assert.rejects(service.remove('blue', { force: false }), (error) =>
    hasReason(error, 'NETWORK_IN_USE'),
  );
  assert.deepEqual(await service.prune([]), []);
  await service.disconnect(one.id, 'blue', { force: false });
  assert.deepEqual(await service.prune([]), ['blue']);
  for (const name of ['bridge', 'host', 'none'])
    await assert.rejects(service.remove(name, { force: false }), /it is built in/);
  await assert.rejects(service.remove('blue', { force: false }), (error) =>
    hasReason(error, 'NETWORK_NOT_FOUND'),
  );
  assert.equal(await service.remove('blue', { force: true }), '');
  assert.deepEqual(
    service.list([]).map(({ name }) => name),
    ['bridge', 'host', 'none'],
  );
});

test('a network goes five minutes after its last container, and comes back with the next', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const engine = EngineFixture.start(t);
  const { links } = engine.host.links;
  const networks = [connection('bridge')];
  const bridges = () => [...links.keys()].filter((name) => name.startsWith('lb')).length;
  const one = await engine.started({ name: 'one', networks });
  const two = await engine.started({ name: 'two', networks });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms);
    await settled();
  };
  await engine.ends(one);
  await pass(6 * 60_000);
  assert.equal(bridges(), 1, 'the other one is there');
  await engine.ends(two);
  await pass(4 * 60_000);
  await startContainer(engine.context, one);
  await engine.ends(one);
  await pass(4 * 60_000);
  assert.equal(bridges(), 1, 'it was needed less than five minutes ago');
  await pass(2 * 60_000);
  assert.deepEqual([bridges(), engine.context.networks.up.size], [0, 0]);
  await startContainer(engine.context, two);
  assert.equal(bridges(), 1);
});

test('a container that runs is connected and disconnected at once', async (t) => {
  const engine = EngineFixture.start(t);
  const service = networkService(engine.context);
  await service.create(asked);
  const one = await engine.started({ name: 'one', networks: [connection('bridge')] });
  const { links } = engine.host;
  links.failure = new Error('no');
  await assert.rejects(service.connect('one', connection('blue')), /no/);
  assert.equal(engine.context.networks.endpointsOf(one.id).length, 1, 'nothing is left of a failure');
  const view = await service.connect('one', connection('blue', { gwPriority: 1 }));
  assert.deepEqual(
    view.endpoints.map(({ interface: name, networkName }) => [name, networkName]),
    [
      ['eth0', 'bridge'],
      ['eth1', 'blue'],
    ],
  );
  const gateway = view.endpoints[1]?.ipv4Gateway ?? '';
  assert.match(links.live.at(-1) ?? '', new RegExp(`^default ${gateway} `));
  await service.disconnect('one', 'bridge', { force: false });
  assert.equal(links.live.at(-2), 'no eth0');
  assert.deepEqual(
    one.spec.networks.map(({ network }) => engine.context.networks.get(network).name),
    ['blue'],
  );
});

test('a live connection comes with its aliases, and one that fails leaves no name', async (t) => {
  const engine = EngineFixture.start(t);
  const told = new Map<string, readonly string[] | null>();
  const resolver = {
    setPolicy: async () => {},
    setNames: async (
      _network: string,
      container: string,
      entry: { readonly names: readonly string[] } | null,
    ) => {
      told.set(container, entry?.names ?? null);
    },
    setContainer: async () => {},
  };
  Object.assign(engine.context.network, { resolver });
  const service = networkService(engine.context);
  await service.create(asked);
  const one = await engine.create({ name: 'one', networks: [connection('bridge')] });
  await startContainer(engine.context, one);
  told.clear();
  engine.host.links.failure = new Error('no');
  await assert.rejects(service.connect('one', connection('blue', { aliases: ['other'] })), /no/);
  assert.equal(told.get(one.id) ?? null, null);
  await service.connect('one', connection('blue', { aliases: ['other'] }));
  assert.partialDeepStrictEqual(told.get(one.id), ['one', 'other']);
});
