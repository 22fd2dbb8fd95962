import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { baseSpec } from '../../test/fake-engine.ts';
import { Container } from '../containers/model/container.ts';
import { unseenExit } from '../process/exit-status.ts';
import { readLogs } from './read.ts';

const log = mkdtempSync(join(tmpdir(), 'liker-logs-'));
after(() => rmSync(log, { recursive: true, force: true }));
const context = { folders: { of: () => ({ base: '', upper: '', work: '', log }) } };
const phase = { state: 'exited', exit: unseenExit(0, '') } as const;
const container = new Container({ id: 'a', createdAt: 0, spec: baseSpec, phase });
const { logReaders } = container;

function write(segment: number, ...entries: readonly string[]): void {
  const lines = entries.map((entry) => `2026-01-01T00:00:00Z ${entry}\n`);
  writeFileSync(join(log, `${segment}.log`), lines.join(''));
}

async function read(tail: number | null): Promise<Buffer[]> {
  const options = { tail, follow: false, sinceNs: null, untilNs: null, after: null };
  const batches: Buffer[] = [];
  for await (const batch of readLogs(context, container, options, new AbortController().signal))
    batches.push(Buffer.concat(batch.map(({ data }) => data)));
  return batches;
}
const text = async (tail: number | null) => Buffer.concat(await read(tail)).toString();

test('a tail counts lines, with their parts together even if another stream writes between them', async () => {
  write(1, 'stdout F one', 'stderr P begun, ', 'stdout F two');
  write(2, 'stdout P three, ', 'stderr F over', 'stdout F goes on', 'stderr F:lost 7', 'stderr F four');
  assert.equal(await text(null), 'one\nbegun, two\nthree, over\ngoes on\nfour\n');
  assert.equal(await text(0), '');
  assert.equal(await text(1), 'four\n');
  assert.equal(await text(3), 'three, goes on\nfour\n');
  // Nothing of the line that began earlier.
  assert.equal(await text(4), 'two\nthree, goes on\nfour\n');
  assert.equal(await text(5), 'begun, two\nthree, over\ngoes on\nfour\n');
  assert.equal(await text(100), await text(null));
});

test('a line as long as the log is read in pieces', async () => {
  write(3, ...Array.from({ length: 1500 }, () => `stdout P ${'x'.repeat(16_000)}`), 'stdout F end');
  const pieces = await read(1);
  assert.equal(
    pieces.reduce((sum, { length }) => sum + length, 0),
    1500 * 16_000 + 4,
  );
  assert.ok(Math.max(...pieces.map(({ length }) => length)) < 600_000);
});

test('a log is read to its end even if the container is removed meanwhile', async () => {
  const options = { tail: null, follow: false, sinceNs: null, untilNs: null, after: null };
  const all = await text(null);
  let seen = 0;
  for await (const batch of readLogs(context, container, options, new AbortController().signal)) {
    if (seen === 0) {
      for (const reader of logReaders) reader.hold();
      rmSync(log, { recursive: true });
    }
    for (const { data } of batch) seen += data.length;
  }
  assert.equal(seen, all.length);
  assert.equal(logReaders.size, 0);
});
