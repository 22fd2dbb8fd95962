// The database is damaged, gone, or has an unreadable row: running containers are recovered, and no file is lost.
import assert from 'node:assert/strict';
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, test } from 'node:test';
import { Containers } from './harness/containers.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite();
const containers = new Containers(s);
const file = (): string => join(s.daemon.root, 'liker.db');
const aside = (): string => join(s.daemon.root, 'set-aside');

afterEach(async () => {
  await containers.remove(...(await containers.names()));
  rmSync(aside(), { recursive: true, force: true });
  for (const name of readdirSync(s.daemon.root))
    if (name.includes('.corrupt-')) rmSync(join(s.daemon.root, name));
});

/** A running container with an exec, and one that has written a file and ended. */
async function population(): Promise<{ running: string; ended: string }> {
  const running = await containers.start(['sleep', '1000'], {
    name: 'first',
    labels: { colour: 'green' },
    resources: { pids: { max: 77 } },
  });
  const ended = await containers.start(['sh', '-c', 'echo precious > /file'], { name: 'ended' });
  await until('its end', async () => (await containers.state(ended)) === 'EXITED 0');
  await s.ok(['rename', 'first', 'kept']);
  await s.ok(['exec', '-d', 'kept', 'sleep', '1000']);
  return { running, ended };
}

function damaged(how: () => void): () => Promise<void> {
  return async () => {
    const { running, ended } = await population();
    const { pid, execIds } = await containers.get('kept');
    // An orderly stop, so that the WAL, from which SQLite could repair the database, is checkpointed.
    await s.daemon.stop();
    how();
    await s.daemon.start();

    assert.deepEqual(await containers.names(), ['kept']);
    const kept = await containers.get('kept');
    assert.equal(kept.id, running);
    assert.equal(kept.pid, pid);
    assert.deepEqual(kept.execIds, execIds);
    assert.deepEqual(kept.spec?.labels, { colour: 'green' });
    assert.ok(kept.appliedLimits.some(({ effective }) => effective === '77'));
    assert.equal(await s.ok(['exec', 'kept', 'echo', 'in']), 'in');

    const [folder = ''] = readdirSync(aside());
    assert.ok(folder.startsWith(ended));
    assert.equal(readFileSync(join(aside(), folder, 'upper/file'), 'utf8'), 'precious\n');
    const told = (await containers.warnings()).join('\n');
    assert.match(told, new RegExp(join(aside(), folder)));
    const actions = (await containers.events()).map(({ action }) => action);
    assert.ok(actions.includes('recover') && actions.includes('set_aside'), actions.join());
    assert.match(s.daemon.log, /container set aside/);

    // It works like any other container: it survives the next daemon, ends with its code, and leaves nothing.
    await s.daemon.restart();
    assert.deepEqual(await containers.names(), ['kept']);
    await s.ok(['stop', '-t', '0', 'kept']);
    assert.equal(await containers.state('kept'), 'EXITED 137');
    await containers.remove('kept');
  };
}

/** Except the first page, which has the schema. */
function overwritePages(): void {
  const bytes = readFileSync(file());
  bytes.fill(0xa5, 4096);
  writeFileSync(file(), bytes);
}

test('garbage in the database: it is moved aside, and running containers are found again', async () => {
  await damaged(overwritePages)();
  const moved = readdirSync(s.daemon.root).filter((name) => /^liker\.db\.corrupt-\d+$/.test(name));
  assert.equal(moved.length, 1);
  assert.match((await containers.warnings()).join('\n'), new RegExp(moved[0] ?? ''));
  assert.ok((await containers.events()).some(({ action }) => action === 'database_damaged'));
});

test(
  'the database is not a database file',
  damaged(() => writeFileSync(file(), 'This is not a database. '.repeat(1000))),
);

test(
  'the database is truncated',
  damaged(() => {
    truncateSync(file(), Math.floor(statSync(file()).size / 2 / 4096) * 4096);
  }),
);

test(
  'the database is missing although there are containers',
  damaged(() => {
    rmSync(file());
  }),
);

test('a container with an unreadable row is set aside, or found again if it is running', async () => {
  const { running, ended } = await population();
  const other = await containers.start(['true'], { name: 'other' });
  await until('its end', async () => (await containers.state(other)) === 'EXITED 0');
  await s.daemon.stop();
  const db = new DatabaseSync(file());
  db.prepare('UPDATE container SET phase = ? WHERE id = ?').run('{"state":"dancing"}', ended);
  db.prepare('UPDATE container SET spec = ? WHERE id = ?').run('{', running);
  db.close();
  await s.daemon.start();

  assert.deepEqual(await containers.names(), ['kept', 'other']);
  assert.equal(await containers.state('kept'), 'RUNNING');
  assert.match(
    s.daemon.log,
    /container set aside .*its phase\.state: .* Expected .*running.* received .*dancing/,
  );
  const [folder = ''] = readdirSync(aside());
  const record = JSON.parse(readFileSync(join(aside(), folder, 'record.json'), 'utf8')) as { id: string };
  assert.equal(record.id, ended);
  assert.ok(existsSync(join(aside(), folder, 'upper/file')));
  // Its name can be used again.
  assert.equal(
    await containers.start(['true'], { name: 'ended', autoRemove: true }).then(() => 'made'),
    'made',
  );
  await containers.remove('kept', 'other');
});
