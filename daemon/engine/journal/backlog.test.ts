import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../../host/log.ts';
import { StoreError } from '../../store/errors.ts';
import { Backlog } from './backlog.ts';

const needed = { needed: true };

/** A backlog on a disk that a test can fill. */
function fixture() {
  const written: string[] = [];
  const logged: string[] = [];
  const disk = { isFull: false };
  const write = (message: string): void => void logged.push(message);
  const log: Log = { error: write, warn: write, info: write, debug: write };
  const backlog = new Backlog((change) => {
    if (disk.isFull) throw new StoreError('full', 'store the change', null);
    change();
  }, log);
  return { backlog, disk, written, logged, change: (name: string) => () => void written.push(name) };
}

test('changes refused by a full disk are stored in order, before later ones', () => {
  const { backlog, disk, written, change } = fixture();
  backlog.keep(change('a'), needed);
  disk.isFull = true;
  backlog.keep(change('b'), needed);
  backlog.after(change('after b'));
  backlog.keep(change('c'), needed);
  assert.match(backlog.problem ?? '', /^3 changes are kept in memory only: .* full/);
  assert.throws(() => backlog.flush(), { reason: 'TOO_MANY' });
  disk.isFull = false;
  backlog.flush();
  backlog.after(change('at once'));
  assert.deepEqual(written, ['a', 'b', 'after b', 'c', 'at once']);
  assert.equal(backlog.problem, null);
});

test('the backlog retries by itself, with growing pauses', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { backlog, disk, written, logged, change } = fixture();
  disk.isFull = true;
  backlog.keep(change('a'), needed);
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms);
    await nextTurn();
  };
  for (const ms of [100, 200, 400]) await pass(ms);
  assert.deepEqual(written, []);
  assert.equal(logged.length, 1, 'one line, however often it is tried');
  disk.isFull = false;
  await pass(799);
  assert.deepEqual(written, []);
  await pass(1);
  assert.deepEqual(written, ['a']);
});

test('a change that fails for another reason does not block the ones behind it', () => {
  const { backlog, disk, written, logged, change } = fixture();
  disk.isFull = true;
  backlog.keep(() => {
    throw new Error('no such row');
  }, needed);
  backlog.keep(change('b'), needed);
  disk.isFull = false;
  backlog.flush();
  assert.deepEqual(written, ['b']);
  assert.ok(logged.includes('cannot store a change'));
});

test('when too many changes wait, events are dropped and states never are', () => {
  const { backlog, disk, written, change } = fixture();
  disk.isFull = true;
  for (let i = 0; i < 10_005; i++) backlog.keep(change('event'), { needed: false });
  backlog.keep(change('state'), needed);
  disk.isFull = false;
  backlog.flush();
  assert.equal(written.length, 10_001);
  assert.equal(written.at(-1), 'state');
  backlog[Symbol.dispose]();
});
