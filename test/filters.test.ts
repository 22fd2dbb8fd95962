// Filters and time bounds of ps, prune, events and logs, as in Docker's documentation.
import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { describe, test } from 'node:test';
import { suite } from './harness/suite.ts';

const s = suite();

describe('filters', () => {
  test('prune --filter until, with a date, and label!', async () => {
    const ids = new Map<string, string>();
    for (const [name, labels] of [
      ['kept', ['-l', 'keep']],
      ['job', ['-l', 'job=1']],
      ['plain', []],
    ] as const) {
      ids.set(name, await s.ok(['create', '--name', name, ...labels, s.rootfs, 'true']));
    }
    const prune = async (...filters: string[]): Promise<string[]> => {
      const text = await s.ok(['prune', '-f', ...filters.flatMap((filter) => ['--filter', filter])]);
      return [...ids].filter(([, id]) => text.includes(id)).map(([name]) => name);
    };
    assert.deepEqual(await prune('until=24h'), []);
    assert.deepEqual(await prune('until=2020-01-31'), []);
    assert.deepEqual(await prune('label!=keep', 'label!=job', 'until=24h'), []);
    assert.deepEqual(await prune('label!=keep', 'label!=job=1', 'until=-1h'), ['plain']);
    assert.deepEqual(await prune('label!=keep', 'until=2199-12-31T23:59:59Z'), ['job']);
    assert.deepEqual(await prune('until=0s'), ['kept']);
  });

  test('ps --filter ancestor takes a root file system as run does', async () => {
    const id = await s.ok(['create', s.rootfs, 'true']);
    for (const ancestor of [
      s.rootfs,
      `${s.rootfs}/`,
      `./${basename(s.rootfs)}`,
      `./${basename(s.rootfs)}/:ro`,
    ]) {
      const options = { cwd: dirname(s.rootfs) };
      const found = await s.ok(['ps', '-aq', '--no-trunc', '--filter', `ancestor=${ancestor}`], options);
      assert.equal(found, id, ancestor);
    }
    assert.equal(await s.ok(['ps', '-aq', '--filter', `ancestor=${dirname(s.rootfs)}`]), '');
    // The name of an image.
    assert.equal(await s.ok(['ps', '-aq', '--filter', `ancestor=${basename(s.rootfs)}`]), '');
    await s.ok(['rm', id]);
  });
});

describe('--until', () => {
  test('events runs until a future time, and then exits', async () => {
    const events = s.start([
      'events',
      '--until',
      '-3s',
      '--filter',
      'event=create',
      '--format',
      '{{.Actor.Attributes.image}}',
    ]);
    // A subscription does not announce that it has begun: containers are created until an event arrives.
    const created: string[] = [];
    while (events.stdout === '') created.push(await s.ok(['create', s.rootfs, 'true']));
    const { code, stdout } = await events.outcome;
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^(${s.rootfs}\n)+$`));
    await s.ok(['rm', ...created]);
  });

  test('logs -f of a container that writes nothing exits at that time', async () => {
    const id = await s.detached([], ['sleep', '1000']);
    const { code, stdout } = await s.likerctl(['logs', '-f', '--until', '-1s', id]);
    assert.deepEqual([code, stdout], [0, '']);
    await s.ok(['rm', '-f', id]);
  });
});
