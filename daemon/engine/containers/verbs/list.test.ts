import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { noFacts } from '../model/facts.ts';
import { Registry } from '../model/registry.ts';
import { listContainers } from './list.ts';

function named(names: readonly string[], pattern: string): string[] {
  const registry = new Registry();
  for (const name of names) registry.add({ id: name, name, createdAt: 0 } as Container);
  const filters = [{ key: 'name', value: pattern }];
  const { page: found } = listContainers({ registry } as EngineContext, {
    all: true,
    filters,
    limit: 9,
    after: '',
  });
  return found.map(({ name }) => name);
}

function registryOf(count: number): Registry {
  const registry = new Registry();
  for (let number = 0; number < count; number++) {
    const container = { id: `c${number}`, name: `n${number}`, createdAt: 1000 + number };
    registry.add(container as Container);
  }
  return registry;
}

function page(registry: Registry, after: string): { ids: string[]; next: string } {
  const context = { registry } as EngineContext;
  const { page: found, next } = listContainers(context, { all: true, filters: [], limit: 3, after });
  return { ids: found.map(({ id }) => id), next };
}

test('pages are in order, newest first', () => {
  const registry = registryOf(7);
  const first = page(registry, '');
  const second = page(registry, first.next);
  const third = page(registry, second.next);
  assert.deepEqual([first.ids, second.ids, third.ids], [['c6', 'c5', 'c4'], ['c3', 'c2', 'c1'], ['c0']]);
  assert.equal(third.next, '');
});

test('the list continues in place if the last container of a page has been removed meanwhile', () => {
  const registry = registryOf(7);
  const { next } = page(registry, '');
  registry.delete(registry.find('c4'));
  assert.deepEqual(page(registry, next).ids, ['c3', 'c2', 'c1']);
});

/** Names of those of three containers that fit. */
function fitting(...filters: [key: string, value: string][]): string[] {
  const registry = new Registry();
  const now = Date.now();
  const network = { kind: 'private' };
  const mounts = [
    { type: 'bind', source: '/data', target: '/srv' },
    { type: 'tmpfs', target: '/t' },
  ];
  for (const [name, ageMs, spec] of [
    [
      'old',
      48 * 3_600_000,
      {
        labels: { job: 'test', keep: '' },
        rootfs: { kind: 'directory', directory: '/r' },
        mounts: [],
        namespaces: { network },
        networks: [],
        exposedPorts: ['443/tcp', '1-9/udp'],
        ports: [],
      },
    ],
    [
      'young',
      60_000,
      {
        labels: { job: 'test' },
        rootfs: { kind: 'directory', directory: '/r/sub' },
        mounts,
        namespaces: { network },
        networks: [{ network: 'f0f0' }, { network: 'b0b0' }],
        exposedPorts: [],
        ports: [{ hostPort: 0, containerPort: 80, length: 11, protocol: 'tcp' }],
      },
    ],
    [
      'host',
      0,
      {
        labels: { a: 'b=c' },
        rootfs: { kind: 'directory', directory: '/r' },
        mounts: [],
        namespaces: { network: { kind: 'host' } },
        networks: [],
        exposedPorts: [],
        ports: [],
      },
    ],
  ] as const) {
    const facts = {
      ...noFacts,
      ports: [{ hostAddress: '127.0.0.1', hostPort: 8080, containerPort: 80, length: 11, protocol: 'tcp' }],
    };
    const container = {
      ...{ id: name, name, createdAt: now - ageMs, spec, facts: name === 'young' ? facts : noFacts },
      phase: { state: 'running' },
    };
    registry.add(container as unknown as Container);
  }
  const options = {
    all: true,
    filters: filters.map(([key, value]) => ({ key, value })),
    limit: 9,
    after: '',
  };
  return listContainers(
    { registry, networks, images: noImages } as unknown as EngineContext,
    options,
  ).page.map(({ name }) => name);
}

const networks = {
  byId: (id: string) => ({ id, name: id === 'f0f0' ? 'front' : 'back' }),
};

const none = { get: () => null, byPrefix: () => [], imageOf: () => null };
const noImages = { ledger: { rows: { images: none, imageNames: none, manifests: none } } };

test("Docker's filters are applied", () => {
  const yesterday = new Date(Date.now() - 24 * 3_600_000);
  for (const [filters, names] of [
    [[['until', '24h']], ['old']],
    [[['until', '1h30m']], ['old']],
    [[['until', '0.5m']], ['old', 'young']],
    [[['until', yesterday.toISOString()]], ['old']],
    [[['until', yesterday.toISOString().slice(0, 10)]], ['old']],
    [[['until', String(Math.floor(yesterday.getTime() / 1000))]], ['old']],
    [[['until', '-10m']], ['old', 'young', 'host']],
    [[['label!', 'keep']], ['young', 'host']],
    [[['label!', 'job=test']], ['host']],
    [[['label!', 'job=other']], ['old', 'young', 'host']],
    [
      [
        ['label', 'job'],
        ['label!', 'keep'],
      ],
      ['young'],
    ],
    [[['label', 'a=b=c']], ['host']],
    [[['ancestor', '/r']], ['old', 'host']],
    [[['ancestor', '/r//./']], ['old', 'host']],
    [[['ancestor', '/r/../r/sub/']], ['young']],
    [[['ancestor', 'r']], []],
    [[['volume', '/data/']], ['young']],
    [[['volume', '/srv']], ['young']],
    [[['volume', '/t']], ['young']],
    [[['network', 'none']], ['old']],
    [
      [
        ['network', 'none'],
        ['network', 'host'],
      ],
      ['old', 'host'],
    ],
    [[['network', 'front']], ['young']],
    [[['network', 'b0']], ['young']],
    [[['network', 'fron']], []],
    [[['publish', '80']], []],
    [[['publish', '8080']], ['young']],
    [[['publish', '8090/tcp']], ['young']],
    [[['publish', '8090/udp']], []],
    [[['publish', '8000-8080']], ['young']],
    [[['expose', '85']], ['young']],
    [[['expose', '443']], ['old']],
    [[['expose', '9-20/UDP']], ['old']],
    [[['expose', '10/udp']], []],
    [
      [
        ['is-task', 'false'],
        ['name', 'h'],
      ],
      ['host'],
    ],
    [[['is-task', 'true']], []],
  ] as [[string, string][], string[]][]) {
    assert.deepEqual(fitting(...filters).sort(), names.sort(), JSON.stringify(filters));
  }
  for (const bad of [
    ['publish', 'http'],
    ['until', 'yesterday'],
    ['until', '7 days'],
    ['is-task', 'perhaps'],
    ['colour', 'red'],
  ] as const)
    assert.throws(() => fitting([...bad]), { reason: 'BAD_ARGUMENT' });
});

test('no name pattern can keep the daemon busy forever', () => {
  assert.throws(() => named(['web'], '(b)\\1'), { reason: 'BAD_ARGUMENT' });
  assert.deepEqual(named([`${'a'.repeat(100)}b`, 'baa'], '(a+)+$'), ['baa']);
});
