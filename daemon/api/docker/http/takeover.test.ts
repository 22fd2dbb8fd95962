import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTakeover } from './takeover.ts';

const takes = (method: string, url: string) => method === 'POST' && url === '/attach';
const read = (text: string) => readTakeover(Buffer.from(text), takes);

test('a request, its body and what follows it', () => {
  const found = read('POST /attach HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nUpgrade: tcp\r\n\r\n{}stdin');
  assert.ok(found !== null && found !== 'more');
  assert.equal(found.head.headers.get('upgrade'), 'tcp');
  assert.deepEqual([String(found.body), String(found.rest)], ['{}', 'stdin']);
});

test('in any pieces, it is read once it is complete', () => {
  const whole = 'POST /attach HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}';
  for (let length = 0; length < whole.length; length += 1) assert.equal(read(whole.slice(0, length)), 'more');
  assert.notEqual(read(whole), 'more');
});

test('the rest is for the server of HTTP', () => {
  for (const text of [
    'GET /attach HTTP/1.1\r\n',
    'POST /other HTTP/1.1\r\n',
    'no request\r\n',
    `POST /${'a'.repeat(70_000)}`,
    'POST /attach HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'POST /attach HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n',
    'POST /attach HTTP/1.1\r\nContent-Length: -2\r\n\r\n',
    'POST /attach HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n',
    'POST /attach HTTP/1.1\r\n folded: 1\r\n\r\n',
  ])
    assert.equal(read(text), null, text.slice(0, 60));
});
