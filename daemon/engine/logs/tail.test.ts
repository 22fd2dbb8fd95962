import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogReader } from '../../storage/logfile/reader.ts';
import { LineMarks, lastLines } from './tail.ts';

test('few lines are marked however many there are, and a mark is near every line', () => {
  const marks = new LineMarks();
  const lines = 3_000_000;
  let most = 0;
  for (let index = 0; index < lines; index++) {
    marks.add({ index });
    most = Math.max(most, marks.size);
  }
  assert.ok(most <= 1001, `${most}`);
  for (const index of [0, 1, 12_345, 1_500_000, lines - 1]) {
    const mark = marks.before(index)?.index ?? assert.fail('no mark');
    assert.ok(mark <= index && index - mark < lines / 400, `${mark} for ${index}`);
  }
  assert.equal(marks.before(-1), undefined);
});

/** A log of numbered lines, every tenth of them in two parts with a line of stderr between, in files of a thousand. */
function writeLog(folder: string, lines: number): void {
  for (let first = 0; first < lines; first += 1000) {
    const text = Array.from({ length: Math.min(1000, lines - first) }, (_, nth) => {
      const entry = (stream: string, tag: string) => `2026-01-01T00:00:00Z ${stream} ${tag} ${first + nth}\n`;
      return nth % 10 === 0
        ? entry('stdout', 'P') + entry('stderr', 'F') + entry('stdout', 'F')
        : entry('stdout', 'F');
    });
    writeFileSync(join(folder, `${first / 1000 + 1}.log`), text.join(''));
  }
}

test('a tail starts at its first line, even far from a mark or inside an interrupted line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-tail-'));
  try {
    writeLog(folder, 20_000);
    const firstOf = async (count: number) => {
      const start = await lastLines(folder, count, () => true);
      using reader = new LogReader(folder, start?.place);
      const [entry] = reader.read() ?? [];
      return [entry?.stream, Number(entry?.text.toString()), start?.passOver ?? null];
    };
    // Of 22,000 lines: every ten of stdout come with one of stderr, the second of the eleven.
    assert.deepEqual(await firstOf(1), ['stdout', 19_999, null]);
    assert.deepEqual(await firstOf(11), ['stdout', 19_990, null]);
    assert.deepEqual(await firstOf(10), ['stderr', 19_990, 'stdout']);
    assert.deepEqual(await firstOf(11 * 1234 - 5), ['stdout', 20_000 - 12_340 + 4, null]);
    assert.deepEqual(await firstOf(22_000), ['stdout', 0, null]);
    assert.equal(await lastLines(folder, 22_001, () => true), null);
    const none = await lastLines(folder, 0, () => true);
    appendFileSync(join(folder, '20.log'), '2026-01-01T00:00:00Z stdout F new\n');
    using reader = new LogReader(folder, none?.place);
    assert.equal(reader.read()?.[0]?.text.toString(), 'new');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('lines that the writer removes after they were counted are counted again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-tail-'));
  try {
    writeLog(folder, 4000);
    let entries = 0;
    const start = await lastLines(folder, 4000, () => {
      // All have been counted once.
      if (++entries === 4800) rmSync(join(folder, '1.log'));
      return true;
    });
    assert.equal(start, null, 'fewer are left');
    assert.ok(entries > 4800 + 3000, 'counted again');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
