import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Log } from '../../../host/log.ts';
import { Store } from '../../../store/store.ts';
import { Journal } from '../../journal/journal.ts';
import type { Container } from './container.ts';
import { Ledger } from './ledger.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

test('a request for an exec that could not be stored, although the disk has room, may be made again', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-ledger-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const store = new Store(join(folder, 'store.db'));
  using journal = new Journal(store, silent);
  const ledger = new Ledger(journal, store);
  // Not in the store: no exec of it is taken.
  const container = {
    id: 'c'.repeat(64),
    name: 'web',
    spec: { labels: {}, rootfs: { directory: '/' } },
    stateRow: () => ({ phase: '{}', facts: '{}' }),
  } as unknown as Container;
  const row = { id: 'e', containerId: container.id, number: 1, spec: '{}', onDisconnect: 'keep', exit: null };
  const request = { id: 'first', asked: 'true' };
  const add = () => ledger.execs.add(container, row, request, { action: 'exec_create' });
  assert.throws(add, /FOREIGN KEY/);
  assert.equal(journal.request('first'), null);
});
