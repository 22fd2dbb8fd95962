import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import { askedUser } from './user.ts';

test('USER, USER:GROUP, USER: and :GROUP, as Docker reads them', () => {
  const asked = (user: string) => Object.values(askedUser(user, []));
  assert.deepEqual(asked(''), ['', null, []]);
  assert.deepEqual(asked('1000'), ['1000', null, []]);
  assert.deepEqual(asked('web:audio'), ['web', 'audio', []]);
  assert.deepEqual(asked('1000:'), ['1000', null, []]);
  assert.deepEqual(asked(':1000'), ['', '1000', []]);
  assert.deepEqual(askedUser('4294967294', ['7', 'www']).moreGroups, ['7', 'www']);
});

test('T15: what is no user is refused', () => {
  const numbers = ['-1', '4294967295', '99999999999', '00000000000', 'web:-1'];
  for (const user of ['a:b:c', '::', 'a\nroot', 'web\0', ...numbers])
    assert.throws(
      () => askedUser(user, []),
      (error) => error instanceof LikerError && error.reason === 'BAD_ARGUMENT',
      JSON.stringify(user),
    );
  assert.throws(() => askedUser('', ['4294967295']), /out of range/);
});
