import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseEntry } from './parse.ts';
import { LogReader } from './reader.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'liker-log-'));
  folders.push(folder);
  return folder;
}

function texts(reader: LogReader): string[] {
  const seen: string[] = [];
  for (let batch = reader.read(); batch !== null; batch = reader.read()) {
    seen.push(...batch.map((entry) => entry.text.toString()));
  }
  return seen;
}

const line = (text: string, tag = 'F') => `2026-01-02T03:04:05.000000001Z stdout ${tag} ${text}\n`;

test('an entry keeps its nanoseconds, stream, tag, and every byte of its text', () => {
  const entry = parseEntry(Buffer.from('2026-01-02T03:04:05.123456789Z stderr P  two  spaces '));
  assert.equal(entry?.timeNs, 1_767_323_045_123_456_789n);
  assert.equal(entry?.stream, 'stderr');
  assert.equal(entry?.partial, true);
  assert.equal(entry?.text.toString(), ' two  spaces ');
});

test('a gap has the number of missing bytes and no text', () => {
  const entry = parseEntry(Buffer.from('2026-01-02T03:04:05Z stderr F:lost 4711'));
  assert.equal(entry?.lostBytes, 4711);
  for (const torn of ['', '-1', '1e3', '0x10', '90071992547409920'])
    assert.equal(parseEntry(Buffer.from(`2026-01-02T03:04:05Z stderr F:lost ${torn}`))?.lostBytes, 0, torn);
  assert.equal(entry?.text.length, 0);
  assert.equal(entry?.stream, 'stderr');
});

test('a line that is not an entry is null', () => {
  for (const text of [
    '',
    'x',
    '2026-01-02T03:04:05Z stdout',
    '2026-01-02T03:04:05Z stdin F x',
    'later stdout F x',
  ]) {
    assert.equal(parseEntry(Buffer.from(text)), null);
  }
});

test('reading resumes where it stopped, across a half-written line and into later segments', () => {
  const folder = newFolder();
  const first = join(folder, '00000001.log');
  writeFileSync(first, line('one') + line('two').slice(0, 20));
  using reader = new LogReader(folder);
  assert.deepEqual(texts(reader), ['one']);
  appendFileSync(first, line('two').slice(20) + line('three'));
  assert.deepEqual(texts(reader), ['two', 'three']);
  appendFileSync(first, line('four'));
  writeFileSync(join(folder, '00000002.log'), line('five'));
  writeFileSync(join(folder, '00000003.log'), line('six'));
  assert.deepEqual(texts(reader), ['four', 'five', 'six']);
  assert.deepEqual(texts(reader), []);
});

test('a segment that the writer has removed does not stop the reader', () => {
  const folder = newFolder();
  writeFileSync(join(folder, '00000001.log'), line('one'));
  using reader = new LogReader(folder);
  assert.deepEqual(texts(reader), ['one']);
  rmSync(join(folder, '00000001.log'));
  writeFileSync(join(folder, '00000009.log'), line('nine'));
  assert.deepEqual(texts(reader), ['nine']);
});

test('a missing folder is an empty log', () => {
  using reader = new LogReader('/nonexistent/liker');
  assert.deepEqual(texts(reader), []);
});

test('a read resumes after any entry, also in another segment, and after removed entries', () => {
  const folder = newFolder();
  writeFileSync(join(folder, '3.log'), line('a') + line('b'));
  writeFileSync(join(folder, '4.log'), line('c') + line('d'));
  using reader = new LogReader(folder);
  const placed: { text: string; segment: number; offset: number }[] = [];
  for (let batch = reader.read(); batch !== null; batch = reader.read())
    placed.push(...batch.map(({ text, segment, offset }) => ({ text: text.toString(), segment, offset })));
  assert.deepEqual(
    placed.map(({ segment }) => segment),
    [3, 3, 4, 4],
  );
  for (const [index, place] of placed.entries()) {
    using rest = new LogReader(folder, place);
    assert.deepEqual(
      texts(rest),
      placed.slice(index + 1).map(({ text }) => text),
    );
  }
  const [first] = placed;
  rmSync(join(folder, '3.log'));
  using late = new LogReader(folder, first);
  assert.deepEqual(texts(late), ['c', 'd']);
});

test('files that were removed before they were read are counted at the entry that follows them', () => {
  const folder = newFolder();
  writeFileSync(join(folder, '00000003.log'), line('first'));
  using reader = new LogReader(folder);
  const skipped = () => reader.read()?.map(({ text, skippedFiles }) => [text.toString(), skippedFiles]);
  assert.deepEqual(skipped(), [['first', 0]], 'what was gone before is no gap');
  writeFileSync(join(folder, '00000004.log'), line('next'));
  assert.deepEqual(skipped(), [['next', 0]]);
  writeFileSync(join(folder, '00000007.log'), line('later') + line('last'));
  assert.deepEqual(skipped(), [
    ['later', 2],
    ['last', 0],
  ]);
  using again = new LogReader(folder, { segment: 1, offset: 5 });
  assert.equal(again.read()?.[0]?.skippedFiles, 2, 'of a reader that comes back');
});
