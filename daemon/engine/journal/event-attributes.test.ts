import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLabels, eventAttributes, maxLabelBytes } from './event-attributes.ts';

const rootfs = { directory: '/root', mode: 'overlay' } as const;

test('labels are bounded in total, names and values', () => {
  checkLabels({ a: 'x'.repeat(maxLabelBytes - 1) });
  for (const labels of [
    { a: 'x'.repeat(maxLabelBytes) },
    { a: 'ü'.repeat(maxLabelBytes / 2) },
    Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`name-${index}`, ''])),
  ])
    assert.throws(() => checkLabels(labels), { reason: 'BAD_ARGUMENT', field: 'spec.labels' });
});

test('an event carries the labels, and no more than fits of what is long', () => {
  const told = eventAttributes({ labels: { app: 'web' }, rootfs }, 'c', { command: 'x'.repeat(100_000) });
  assert.deepEqual([told['app'], told['image'], told['name']], ['web', '/root', 'c']);
  assert.ok((told['command']?.length ?? 0) < 5000);
  // As an earlier version took them.
  const labels = { big: 'x'.repeat(10 << 20) };
  assert.deepEqual(eventAttributes({ labels, rootfs }, 'c', { signal: '9' }), {
    image: '/root',
    name: 'c',
    signal: '9',
  });
});
