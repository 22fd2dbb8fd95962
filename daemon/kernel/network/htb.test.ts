import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rateOf, rateRequests, rootQdiscs } from './htb.ts';
import { decodeAnswers, encodeRequests, message } from './netlink.ts';

/** The kernel tells a class in the form in which it takes one. */
function echoed(bytes: Buffer) {
  return decodeAnswers(bytes).answers;
}

test('a rate is read back as it was written, even if its bytes exceed 32 bits', () => {
  for (const rate of [
    { rateBits: 10_000_000, ceilBits: 20_000_000 },
    { rateBits: 50_000_000_000, ceilBits: 100_000_000_000 },
  ]) {
    assert.deepEqual(rateOf(echoed(encodeRequests(rateRequests(7, rate, false)))), rate);
  }
});

test('our own queue is kept and its classes change, so that no waiting packet is lost', () => {
  const kinds = (isThere: boolean) =>
    rateRequests(7, { rateBits: 1e6, ceilBits: 1e6 }, isThere).map(({ type }) => type);
  assert.deepEqual(kinds(false), [message.newQdisc, message.newClass, message.newClass]);
  assert.deepEqual(kinds(true), [message.newClass, message.newClass]);
});

test('the handle of a queue shows who created it', () => {
  const [ours] = rootQdiscs(echoed(encodeRequests(rateRequests(7, { rateBits: 1e6, ceilBits: 1e6 }, false))));
  assert.deepEqual(ours, { index: 7, kind: 'htb', owner: 'ours' });
  const [qdisc] = rateRequests(7, { rateBits: 1e6, ceilBits: 1e6 }, false);
  assert.ok(qdisc);
  for (const [handle, owner] of [
    [0, 'none'],
    [0x10000, 'other'],
  ] as const) {
    const body: Buffer = Buffer.from(qdisc.body);
    body.writeUInt32LE(handle, 8);
    assert.equal(rootQdiscs(echoed(encodeRequests([{ ...qdisc, body }])))[0]?.owner, owner);
  }
});

test("a refusal has the kernel's text, and the answers before it", () => {
  const words = Buffer.from('Specified qdisc kind is unknown.\0');
  const attribute = Buffer.alloc(4 + ((words.length + 3) & ~3));
  attribute.writeUInt16LE(4 + words.length, 0);
  attribute.writeUInt16LE(1, 2);
  attribute.set(words, 4);
  const request = encodeRequests([{ type: message.newQdisc, flags: 0, body: Buffer.alloc(20) }]);
  const error = Buffer.concat([Buffer.alloc(4), request, attribute]);
  error.writeInt32LE(-2, 0);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + error.length, 0);
  header.writeUInt16LE(message.error, 4);
  header.writeUInt16LE(0x200, 6);
  header.writeUInt32LE(2, 8);
  const { answers, refused } = decodeAnswers(Buffer.concat([request, header, error]));
  assert.equal(answers.length, 1);
  assert.deepEqual(refused, { request: 2, errno: 'ENOENT', words: 'Specified qdisc kind is unknown.' });
});

test('a truncated answer is refused', () => {
  const whole = encodeRequests([{ type: message.newLink, flags: 0, body: Buffer.alloc(16) }]);
  for (let length = 0; length < whole.length; length++) {
    assert.deepEqual(decodeAnswers(whole.subarray(0, length)), { answers: [], refused: null });
  }
});
