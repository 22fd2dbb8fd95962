import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { VolumeFolders } from '../../../storage/volume-folders.ts';
import { Store } from '../../../store/store.ts';
import { type LogLine, memoryLog } from '../../../test/api-fixture.ts';
import { Journal } from '../../journal/journal.ts';
import { Volumes } from './volumes.ts';

const asked = { name: 'data', isAnonymous: false, labels: {}, leaseId: '' };

/** A daemon's volumes, with a disk that may refuse to give folders away. */
function volumesOf(folder: string, disk: { fails: boolean }, lines: LogLine[] = []) {
  const store = new Store(join(folder, 'liker.db'));
  const log = memoryLog(lines);
  const take = (path: string) => {
    if (disk.fails) throw new Error(`EIO: ${path}`);
    rmSync(path, { recursive: true, force: true });
    return null;
  };
  const folders = new VolumeFolders(folder, { take, empty: () => {} });
  const volumes = new Volumes(new Journal(store, log), store, folders, log);
  volumes.adopt();
  return { volumes, store };
}

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'liker-volumes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a volume that cannot be removed stays, also for the next daemon, and can be removed later', (t) => {
  const folder = temporary(t);
  const disk = { fails: false };
  const first = volumesOf(folder, disk);
  const volume = first.volumes.create(asked);
  disk.fails = true;
  const request = { id: 'remove', asked: 'it' };
  assert.throws(() => first.volumes.remove(volume, request), /EIO/);
  assert.equal(first.store.requests.get('remove'), null, 'it can be asked for again');
  assert.equal(first.volumes.get('data')?.state, 'fresh');
  first.store[Symbol.dispose]();
  const next = volumesOf(folder, disk);
  assert.equal(next.volumes.find('data').state, 'fresh');
  disk.fails = false;
  next.volumes.remove(next.volumes.find('data'));
  next.volumes.create(asked);
  next.store[Symbol.dispose]();
});

test('a removal that an earlier daemon has begun and that fails does not keep the next one from its start', (t) => {
  const folder = temporary(t);
  const disk = { fails: false };
  const first = volumesOf(folder, disk);
  first.volumes.create(asked);
  first.store.database.transaction(() => first.store.volumes.setState('data', 'removing'));
  first.store[Symbol.dispose]();
  disk.fails = true;
  const lines: LogLine[] = [];
  const next = volumesOf(folder, disk, lines);
  assert.equal(next.volumes.find('data').state, 'ready');
  assert.match(JSON.stringify(lines), /a volume cannot be removed/);
  next.store[Symbol.dispose]();
});
