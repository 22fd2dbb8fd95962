import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputCursor } from './output-cursor.ts';
import { maxUnackedBytes, StdinLog } from './stdin-log.ts';

function fresh(cursor: OutputCursor, offset: number, text: string): [string, number] {
  const placed = cursor.place(offset, Buffer.from(text));
  return [Buffer.from(placed.fresh).toString(), placed.lost];
}

test('output that was printed already is skipped, and a gap is counted', () => {
  const cursor = new OutputCursor();
  cursor.startAt(10);
  assert.deepEqual(fresh(cursor, 10, 'abc'), ['abc', 0]);
  assert.deepEqual(fresh(cursor, 11, 'bcde'), ['de', 0]);
  assert.deepEqual(fresh(cursor, 10, 'abc'), ['', 0]);
  assert.deepEqual(fresh(cursor, 20, 'x'), ['x', 5]);
  assert.equal(cursor.offset, 21);
  assert.equal(cursor.resumeAt(15), 0);
  assert.equal(cursor.resumeAt(30), 9);
});

test('stdin is kept until the process has read it', () => {
  const log = new StdinLog();
  log.append(Buffer.from('abc'));
  log.append(Buffer.from('def'));
  log.ack(4);
  assert.deepEqual(
    log.unacked().map(({ offset, data }) => [offset, data.toString()]),
    [[4, 'ef']],
  );
  log.ack(2);
  assert.equal(log.unacked()[0]?.offset, 4);
  log.ack(100);
  assert.deepEqual(log.unacked(), []);
  assert.equal(log.append(Buffer.from('g')).offset, 6);
});

test('a full log asks for a pause', () => {
  const log = new StdinLog();
  log.append(Buffer.alloc(maxUnackedBytes));
  assert.equal(log.isFull, true);
  log.ack(1);
  assert.equal(log.isFull, false);
});
