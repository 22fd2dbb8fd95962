import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { killBySignals, signalAll, type Tracker } from './tracker.ts';
import { trackerV1 } from './tracker-v1.ts';

const folder = mkdtempSync(join(tmpdir(), 'lk-groups-'));
after(() => rmSync(folder, { recursive: true }));
for (let count = 0; count < 3000; count += 1) mkdirSync(join(folder, String(count)));
const nested = join(folder, '7/a/b');
mkdirSync(nested, { recursive: true });

const tracker: Tracker = { ...trackerV1, isFrozen: () => false, freeze: async () => true, thaw() {} };

const walks: Readonly<Record<string, () => Promise<unknown>>> = {
  signalling: () => signalAll(tracker, folder, 10),
  killing: () => killBySignals(tracker, folder),
  'looking at': async () => tracker.isPopulated(folder),
};
for (const [name, walk] of Object.entries(walks)) {
  test(`${name} thousands of cgroups does not block the event loop`, async () => {
    let turns = 0;
    const counter = setInterval(() => {
      turns += 1;
    }, 0);
    await walk();
    clearInterval(counter);
    assert.ok(turns > 0);
  });
}

test('a signal reaches deeply nested processes', async () => {
  writeFileSync(join(nested, 'cgroup.procs'), `${process.pid}\n`);
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once('SIGHUP', resolve);
  await signalAll(tracker, folder, 1);
  await promise;
  assert.equal(await tracker.isPopulated(folder), true);
});
