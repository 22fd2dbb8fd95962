import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EngineContext } from '../../context.ts';
import { Registry } from '../model/registry.ts';
import { sweep } from './sweep.ts';

test('a control group without a container that cannot be removed is told, and holds up nothing', async (t) => {
  const run = mkdtempSync(join(tmpdir(), 'liker-sweep-'));
  t.after(() => rmSync(run, { recursive: true }));
  mkdirSync(join(run, 'c'));
  const [stuck, other] = ['a'.repeat(64), 'b'.repeat(64)];
  const why = `Cannot remove cgroup /sys/fs/cgroup/liker/${stuck}: it is busy with processes 77`;
  const removed: string[] = [];
  const warned: unknown[] = [];
  const context = {
    paths: { run },
    registry: new Registry(),
    log: { warn: (message: string, fields: object) => warned.push({ message, ...fields }) },
    cgroups: {
      list: () => [stuck, other],
      open: (id: string) => ({
        kill: async () => {},
        remove: async () => {
          if (id === stuck) throw new Error(why);
          removed.push(id);
        },
      }),
    },
    folders: { list: () => [stuck], remove: (id: string) => removed.push(`layers of ${id}`) },
  } as unknown as EngineContext;

  await sweep(context);
  assert.deepEqual(removed, [other, `layers of ${stuck}`]);
  assert.deepEqual(warned.at(-1), {
    message: 'a control group without a container cannot be removed',
    cgroup: stuck,
    error: why,
  });
});
