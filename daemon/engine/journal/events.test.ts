import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { LikerError } from '../../../common/errors.ts';
import type { Log } from '../../host/log.ts';
import { Store } from '../../store/store.ts';
import { daemonEvent } from './event.ts';
import { subscribe } from './events.ts';
import { Journal } from './journal.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-events-'));
after(() => rmSync(folder, { recursive: true }));
let stores = 0;
const newStore = () => new Store(join(folder, `${stores++}.db`));
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

test('a replay of many events yields to the event loop, even if none of them matches', async () => {
  const store = newStore();
  using journal = new Journal(store, silent);
  // Several times what fits into a slice on a fast machine.
  const count = 40_000;
  const row = {
    time: 0,
    subjectType: 'container',
    subjectId: 'c'.repeat(64),
    subjectName: 'web',
    action: 'start',
    attributes: '{}',
  };
  store.database.transaction(() => {
    for (let seq = 0; seq < count; seq++) store.events.add(row);
  });
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const find = async (action: string): Promise<number> => {
    const options = { sinceSeq: 0, storeId: '', sinceMs: null, untilMs: null, follow: false };
    const filters = [{ key: 'event', value: action }];
    let found = 0;
    for await (const _ of subscribe(journal, { ...options, filters }, new AbortController().signal))
      found += 1;
    return found;
  };
  assert.equal(await find('die'), 0);
  assert.ok(turns > 2, `${turns} turns of the loop`);
  assert.equal(await find('start'), count);
  isOver = true;
});

test('label filters must all match; several values of another key are alternatives', async () => {
  using journal = new Journal(newStore(), silent);
  const labels = [{ app: 'web' }, { app: 'web', stage: 'test' }, { stage: 'test' }];
  for (const attributes of labels) {
    const subject = { type: 'container', id: 'c'.repeat(64), name: 'web' };
    journal.record({ events: [{ subject, action: 'start', attributes }] });
  }
  const found = async (...filters: { key: string; value: string }[]): Promise<number[]> => {
    const options = { sinceSeq: 0, storeId: '', sinceMs: null, untilMs: null, follow: false, filters };
    const events = subscribe(journal, options, new AbortController().signal);
    return (await Array.fromAsync(events)).map(({ seq }) => seq);
  };
  assert.deepEqual(await found({ key: 'label', value: 'app=web' }, { key: 'label', value: 'stage' }), [2]);
  assert.deepEqual(await found({ key: 'image', value: 'web' }), []);
  assert.deepEqual(
    await found({ key: 'scope', value: 'local' }, { key: 'type', value: 'container' }),
    [1, 2, 3],
  );
  assert.deepEqual(await found({ key: 'volume', value: 'web' }), []);
  await assert.rejects(found({ key: 'colour', value: 'red' }), { reason: 'BAD_ARGUMENT' });
  assert.deepEqual(await found({ key: 'event', value: 'die' }, { key: 'event', value: 'start' }), [1, 2, 3]);
});

test('following events until a time leaks nothing', async () => {
  using journal = new Journal(newStore(), silent);
  const untilMs = Date.now() + 3_600_000;
  const options = { sinceSeq: 0, storeId: '', sinceMs: null, untilMs, follow: true, filters: [] };
  const { signal } = new AbortController();
  const events = subscribe(journal, options, signal)[Symbol.asyncIterator]();
  for (let count = 0; count < 20; count++) {
    const next = events.next();
    journal.record({ events: [daemonEvent('tick', {})] });
    assert.equal((await next).value.action, 'tick');
  }
  assert.ok(getEventListeners(signal, 'abort').length < 5);
});

test('an event number that does not exist yet, or belongs to another store, is refused', async () => {
  using journal = new Journal(newStore(), silent);
  journal.record({ events: [daemonEvent('tick', {})] });
  const { storeId: id } = journal.range;
  const from = async (sinceSeq: number | null, storeId: string) => {
    const options = { sinceSeq, storeId, sinceMs: null, untilMs: null, follow: false, filters: [] };
    return Array.fromAsync(subscribe(journal, options, new AbortController().signal), ({ seq }) => seq);
  };
  assert.deepEqual(await from(0, id), [1]);
  assert.deepEqual(await from(1, ''), []);
  assert.deepEqual(await from(null, 'another'), []);
  const metadata = { last_seq: '1', store_id: id };
  await assert.rejects(from(2, id), (error: LikerError) => {
    assert.deepEqual([error.reason, error.status], ['EVENTS_UNKNOWN', 'OUT_OF_RANGE']);
    assert.deepEqual(error.metadata, { ...metadata, since_seq: '2' });
    return true;
  });
  await assert.rejects(from(1, 'another'), {
    reason: 'EVENTS_UNKNOWN',
    metadata: { ...metadata, since_seq: '1' },
  });
  assert.notEqual(newStore().id, id);
});

test('a label filter matches only own properties, not inherited ones', async () => {
  using journal = new Journal(newStore(), silent);
  journal.record({ events: [daemonEvent('tick', {})] });
  const filters = [{ key: 'label', value: 'constructor' }];
  const options = { sinceSeq: 0, storeId: '', sinceMs: null, untilMs: null, follow: false, filters };
  assert.deepEqual(await Array.fromAsync(subscribe(journal, options, new AbortController().signal)), []);
});
