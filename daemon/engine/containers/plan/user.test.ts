import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedUser } from './user.ts';

test('USER, USER:GROUP, USER: and :GROUP are parsed as in Docker', () => {
  const asked = (user: string) => Object.values(askedUser({ user, additionalGroups: [] }));
  assert.deepEqual(asked(''), ['', null, []]);
  assert.deepEqual(asked('1000'), ['1000', null, []]);
  assert.deepEqual(asked('web:audio'), ['web', 'audio', []]);
  assert.deepEqual(asked('1000:'), ['1000', null, []]);
  assert.deepEqual(asked(':1000'), ['', '1000', []]);
  assert.deepEqual(askedUser({ user: '4294967294', additionalGroups: ['7', 'www'] }).moreGroups, [
    '7',
    'www',
  ]);
});
