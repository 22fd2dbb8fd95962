import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { openPool } from './open-pool.ts';

const all = '         0          0 4294967295\n';

/** The pool of a machine with these files. */
function poolOf(
  t: TestContext,
  { subuid, subgid = subuid, map = all }: { subuid?: string; subgid?: string | undefined; map?: string },
  given: Parameters<typeof openPool>[0] = null,
) {
  const folder = mkdtempSync(join(tmpdir(), 'liker-subid-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string | undefined) => {
    const path = join(folder, name);
    if (text !== undefined) writeFileSync(path, text);
    return path;
  };
  const { pool, warnings } = openPool(given, {
    subuid: write('subuid', subuid),
    subgid: write('subgid', subgid),
    uidMap: write('uid_map', map),
    gidMap: write('gid_map', map),
  });
  return {
    ...pool,
    size: pool.size,
    source: pool.source.replaceAll(`${folder}/`, ''),
    warnings: warnings.map((warning) => warning.replaceAll(`${folder}/`, '')),
  };
}

suite('the pool of a machine', () => {
  test('without files it is the range that systemd sets aside for containers', (t) => {
    const { spans, size, source, warnings } = poolOf(t, {});
    assert.deepEqual(spans, [{ start: 524_288, count: 1_879_048_192 - 524_288 }]);
    assert.equal(size, 28_664);
    assert.match(source, /systemd/);
    assert.deepEqual(warnings, []);
  });

  test('what other users own is left out of that range', (t) => {
    const { spans, size } = poolOf(t, { subuid: 'ann:100000:65536\nbob:558752:65536\n' });
    assert.equal(size, 28_662);
    assert.deepEqual(
      spans.map(({ start }) => start),
      [524_288 + 2 * 65_536],
      'the ids of bob reach into the first two places',
    );
  });

  test('liker comes first, then containers', (t) => {
    const containers = 'containers:2147483647:2147483647\n';
    assert.deepEqual(poolOf(t, { subuid: `ann:1:1\n${containers}` }).spans, [
      { start: 2_147_483_647, count: 2_147_483_647 },
    ]);
    const { spans, source } = poolOf(t, { subuid: `${containers}liker:200000:131072\n` });
    assert.deepEqual(spans, [{ start: 200_000, count: 131_072 }]);
    assert.equal(source, "'liker' in subuid and subgid");
  });

  test('only ids of both files count, whatever lines they come from', (t) => {
    const { spans, size } = poolOf(t, {
      subuid: 'liker:200000:65536\nliker:265536:65536\n',
      subgid: 'liker:180000:100000\nliker:400000:5\n',
    });
    assert.deepEqual(spans, [{ start: 200_000, count: 80_000 }]);
    assert.equal(size, 1);
  });

  test('comments and blank lines mean nothing; a bad line is named', (t) => {
    const { size, warnings } = poolOf(t, {
      subuid: '# a comment\n\nliker:200000:65536\nliker:x:5\nliker:4294967295:1\nliker:5:0\n',
      subgid: 'liker:200000:65536\n',
    });
    assert.equal(size, 1);
    assert.deepEqual(warnings, [
      'Line 4 of subuid is left out: it is not OWNER:START:COUNT',
      'Line 5 of subuid is left out: it reaches beyond the last id, 4294967294',
      'Line 6 of subuid is left out: its count is 0',
    ]);
  });

  test('ids that two users own are reported', (t) => {
    const { warnings } = poolOf(t, {
      subuid: 'ann:100000:65536\nliker:165000:65536\n',
      subgid: 'liker:165000:65536\n',
    });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^Lines 2 and 1 of subuid overlap: 'liker' and 'ann' own the same ids/);
  });

  test('a file without a line for the owner, and too few ids, are reported', (t) => {
    const lacking = poolOf(t, { subuid: 'liker:200000:65536\n', subgid: 'ann:1:1\n' });
    assert.equal(lacking.size, 0);
    assert.match(lacking.warnings[0] ?? '', /^subgid has no ids for 'liker'/);
    assert.match(lacking.warnings[1] ?? '', /fewer than 65536 ids in a row/);
    const small = poolOf(t, { subuid: 'liker:200000:1000\n' });
    assert.deepEqual(small.warnings, [
      "'liker' in subuid and subgid gives fewer than 65536 ids in a row, which a container needs: no container can have a user namespace",
    ]);
  });

  test('an option goes before the files', (t) => {
    const given = { start: 300_000, count: 65_536 };
    const { spans, source } = poolOf(t, { subuid: 'liker:200000:65536\n' }, given);
    assert.deepEqual(spans, [given]);
    assert.equal(source, '--userns-pool');
  });

  test('ids that likerd itself does not have are left out', (t) => {
    const { size, spans, warnings } = poolOf(t, { map: '0 1000 1\n1 100000 600000\n' });
    assert.deepEqual(spans, [{ start: 524_288, count: 600_001 - 524_288 }]);
    assert.equal(size, 1);
    assert.deepEqual(warnings, []);
    assert.match(
      poolOf(t, { map: '0 1000 1\n' }).warnings[0] ?? '',
      /likerd's own user namespace has none of the ids/,
    );
  });

  test('a file that cannot be read is an error that names it', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'liker-subid-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const files = {
      subuid: folder,
      subgid: folder,
      uidMap: '/proc/self/uid_map',
      gidMap: '/proc/self/gid_map',
    };
    assert.throws(() => openPool(null, files), { message: `Cannot read '${folder}': read: EISDIR` });
  });
});
