import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDirect } from './call.ts';

test('LIKER_BYTES names a way that there is', () => {
  assert.equal(isDirect({}), true);
  assert.equal(isDirect({ LIKER_BYTES: 'direct' }), true);
  assert.equal(isDirect({ LIKER_BYTES: 'likerd' }), false);
  assert.throws(
    () => isDirect({ LIKER_BYTES: 'nonsense' }),
    /Cannot use LIKER_BYTES=nonsense: give direct or likerd/,
  );
});
