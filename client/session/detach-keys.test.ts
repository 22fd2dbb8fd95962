import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetachScanner, parseDetachKeys } from './detach-keys.ts';

test("Docker's notation of keys is parsed", () => {
  assert.deepEqual(parseDetachKeys('ctrl-],ctrl-]'), [0x1d, 0x1d]);
  assert.deepEqual(parseDetachKeys('ctrl-p,q,ctrl-@,ctrl-_,A'), [16, 113, 0, 31, 65]);
  assert.deepEqual(parseDetachKeys('CTRL-A'), [1]);
  assert.deepEqual(parseDetachKeys(''), []);
  for (const bad of ['ctrl-', 'ctrl-1', 'escape', 'a,,b', 'é'])
    assert.throws(() => parseDetachKeys(bad), /Invalid detach keys/);
});

function scan(keys: string, ...inputs: string[]): { out: string; detach: boolean } {
  const scanner = new DetachScanner(parseDetachKeys(keys));
  let out = '';
  for (const input of inputs) {
    const { forward, detach } = scanner.scan(Buffer.from(input));
    out += forward.toString();
    if (detach) return { out, detach };
  }
  return { out: out + scanner.release().toString(), detach: false };
}

test('the sequence is recognised within a chunk and across chunks', () => {
  assert.deepEqual(scan('a,b', 'xab'), { out: 'x', detach: true });
  assert.deepEqual(scan('a,b', 'xa', 'b'), { out: 'x', detach: true });
  assert.deepEqual(scan('a,a,b', 'aaab'), { out: 'a', detach: true });
  assert.deepEqual(scan('a,b,a,c', 'ababac'), { out: 'ab', detach: true });
});

test('the start of a sequence is passed on when another byte follows, and on release', () => {
  assert.deepEqual(scan('a,b', 'ac'), { out: 'ac', detach: false });
  assert.deepEqual(scan('a,b', 'a'), { out: 'a', detach: false });
});

test('without detach keys everything is passed on', () => {
  assert.deepEqual(scan('', 'abab'), { out: 'abab', detach: false });
});
