import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalName } from '../../../../common/image-name.ts';
import { parseRemoteName } from './remote-name.ts';

const parse = (text: string, shortNames: 'docker' | 'strict') =>
  canonicalName(parseRemoteName(text, 'reference', { shortNames, tried: 'pull' }));

test('a name without a registry is for Docker Hub, or refused with the whole name where names are to be whole', () => {
  for (const [short, whole] of [
    ['debian', 'docker.io/library/debian'],
    ['team/app:1', 'docker.io/team/app:1'],
  ] as const) {
    assert.equal(parse(short, 'docker'), whole);
    assert.throws(() => parse(short, 'strict'), {
      reason: 'BAD_ARGUMENT',
      field: 'reference',
      message: `Cannot pull '${short}': it has no registry, and this likerd takes only whole names (--short-names strict); write '${whole}' if that is meant`,
    });
    assert.equal(parse(whole, 'strict'), whole);
  }
  for (const whole of ['localhost/a', '127.0.0.1:5000/a', 'index.docker.io/a/b', 'ghcr.io/a/b:1'])
    assert.equal(parse(whole, 'strict'), parse(whole, 'docker'));
});
