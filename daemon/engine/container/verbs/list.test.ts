import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../container.ts';
import { Registry } from '../registry.ts';
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

test('pages follow one another, newest first', () => {
  const registry = registryOf(7);
  const first = page(registry, '');
  const second = page(registry, first.next);
  const third = page(registry, second.next);
  assert.deepEqual([first.ids, second.ids, third.ids], [['c6', 'c5', 'c4'], ['c3', 'c2', 'c1'], ['c0']]);
  assert.equal(third.next, '');
});

test('the list goes on where it was when the last container of a page has been removed meanwhile', () => {
  const registry = registryOf(7);
  const { next } = page(registry, '');
  registry.delete(registry.find('c4'));
  assert.deepEqual(page(registry, next).ids, ['c3', 'c2', 'c1']);
});

test('no pattern of a name keeps the daemon busy for ever', () => {
  assert.throws(() => named(['web'], '(b)\\1'), { reason: 'BAD_ARGUMENT' });
  assert.deepEqual(named([`${'a'.repeat(100)}b`, 'baa'], '(a+)+$'), ['baa']);
});
