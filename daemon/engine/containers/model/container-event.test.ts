import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseSpec } from '../../../test/fake-engine.ts';
import { checkLabels, containerEvent, maxLabelBytes } from './container-event.ts';

test('the names and values of labels are bounded in total', () => {
  checkLabels({ a: 'x'.repeat(maxLabelBytes - 1) });
  for (const labels of [
    { a: 'x'.repeat(maxLabelBytes) },
    { a: 'ü'.repeat(maxLabelBytes / 2) },
    Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`name-${index}`, ''])),
  ])
    assert.throws(() => checkLabels(labels), { reason: 'BAD_ARGUMENT', field: 'spec.labels' });
});

test('an event has the labels, and long texts are cut to fit', () => {
  const attributesOf = (labels: Record<string, string>, attributes: Record<string, string>) => {
    const container = { id: 'id', name: 'c', spec: { ...baseSpec, labels } };
    return containerEvent(container, { action: 'exec_start', attributes }).attributes ?? {};
  };
  const attributes = attributesOf({ app: 'web' }, { command: 'x'.repeat(100_000) });
  assert.deepEqual([attributes['app'], attributes['image'], attributes['name']], ['web', '/srv/root', 'c']);
  assert.equal(attributes['command']?.length, 4097);
  // An earlier version accepted as much.
  assert.deepEqual(attributesOf({ big: 'x'.repeat(10 << 20) }, { signal: '9' }), {
    image: '/srv/root',
    name: 'c',
    signal: '9',
  });
});
