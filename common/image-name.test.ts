import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasReason, LikerError } from './errors.ts';
import {
  canonicalName,
  checkRegistryHost,
  familiarName,
  familiarRepository,
  type ImageName,
  parseImageName,
  repositoryOf,
  withDefaultTag,
} from './image-name.ts';

const hex = '0123456789abcdef'.repeat(4);
const digest = `sha256:${hex}`;
const id = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a';

function parse(text: string): ImageName {
  return parseImageName(text, 'image');
}

test('names are parsed as in Docker', () => {
  const table: [string, string, string, string | null, string | null][] = [
    ['debian', 'docker.io', 'library/debian', null, null],
    ['debian:13', 'docker.io', 'library/debian', '13', null],
    ['library/debian', 'docker.io', 'library/debian', null, null],
    ['docker.io/debian', 'docker.io', 'library/debian', null, null],
    ['docker.io/library/debian', 'docker.io', 'library/debian', null, null],
    ['index.docker.io/debian', 'docker.io', 'library/debian', null, null],
    ['index.docker.io/a/b', 'docker.io', 'a/b', null, null],
    ['docker.io/library/a/b', 'docker.io', 'library/a/b', null, null],
    ['a/b', 'docker.io', 'a/b', null, null],
    ['a/b/c:t', 'docker.io', 'a/b/c', 't', null],
    ['test_com/a', 'docker.io', 'test_com/a', null, null],
    ['localhost/a', 'localhost', 'a', null, null],
    ['localhost:5000/a:t', 'localhost:5000', 'a', 't', null],
    ['localhost:5000', 'docker.io', 'library/localhost', '5000', null],
    ['192.168.0.1:80', 'docker.io', 'library/192.168.0.1', '80', null],
    ['127.0.0.1:5000/a/b', '127.0.0.1:5000', 'a/b', null, null],
    ['[fc00::1]:5000/a', '[fc00::1]:5000', 'a', null, null],
    ['[::1]/a', '[::1]', 'a', null, null],
    ['example.com/a', 'example.com', 'a', null, null],
    ['Foo/bar', 'Foo', 'bar', null, null],
    ['xn--n3h.com:18080/foo', 'xn--n3h.com:18080', 'foo', null, null],
    [`debian@${digest}`, 'docker.io', 'library/debian', null, digest],
    [`a.b/c:t@${digest}`, 'a.b', 'c', 't', digest],
    [`a@sha512:${hex}${hex}`, 'docker.io', 'library/a', null, `sha512:${hex}${hex}`],
    [`docker.io/${id}`, 'docker.io', `library/${id}`, null, null],
    [digest, 'docker.io', 'library/sha256', hex, null],
    ['docker---rules/dock__er', 'docker.io', 'docker---rules/dock__er', null, null],
    ['a:_.-A', 'docker.io', 'library/a', '_.-A', null],
    [`a:${'t'.repeat(128)}`, 'docker.io', 'library/a', 't'.repeat(128), null],
    [`h.h/${'p'.repeat(255)}`, 'h.h', 'p'.repeat(255), null, null],
  ];
  for (const [text, host, path, tag, wanted] of table) {
    assert.deepEqual(parse(text), { host, path, tag, digest: wanted }, text);
  }
});

test('what Docker refuses is refused, with the whole text and the reason', () => {
  const table: [string, RegExp][] = [
    ['', /empty/],
    [id, /id of an image/],
    ['Debian', /'Debian' has upper-case letters; write 'debian'/],
    ['docker/Docker', /upper-case/],
    ['docker.io/docker/Docker', /upper-case/],
    ['https://github.com/a/b', /scheme/],
    ['http://localhost/a', /scheme/],
    ['-a', /'-a'/],
    ['-a.io/a/b', /'-a.io' is not a host/],
    ['a.io:99999/a/b', /'a.io:99999' is not a host/],
    ['[::::]/a/b', /'\[::::\]' is not a host/],
    ['10.0.0.256/a', /'10.0.0.256' is not a host/],
    ['a-/b', /'a-'/],
    ['a///b', /empty/],
    ['a/', /empty/],
    ['example.com/', /repository is missing/],
    ['/a', /empty/],
    ['____/____', /'____'/],
    ['a..b/c', /not a host/],
    ['x/a..b', /'a..b'/],
    ['x/a___b', /'a___b'/],
    ['x/dock_.er', /'dock_.er'/],
    ['a b', /'a b'/],
    ['a\n', /'a\n'/],
    ['ä', /'ä'/],
    ['[fc00::1]', /letters a to z/],
    ['[fc00::1]:5000', /letters a to z/],
    ['fc00::1:5000/a', /not a host/],
    ['[fe80::1%eth0]:5000/a', /not a host/],
    ['h:p/a', /not a host/],
    ['under_score.com/a', /not a host/],
    ['a:', /tag is missing/],
    ['a:-x', /'-x' is not a tag/],
    ['a:b:c', /'b:c' is not a tag/],
    [`a:${'t'.repeat(129)}`, /128/],
    [`h.h/${'p'.repeat(256)}`, /255/],
    ['a@', /'' is not a digest/],
    ['a@sha256:abc', /64 lower-case/],
    [`a@sha256:${hex.toUpperCase()}`, /64 lower-case/],
    [`a@md5:${hex.slice(32)}`, /'md5' is not known/],
    [`a@${digest}@${digest}`, /not a digest/],
    [`a@constructor:${hex}`, /'constructor' is not known/],
    ['.', /'.'/],
    ['~/root', /'~'/],
  ];
  for (const [text, why] of table) {
    assert.throws(
      () => parse(text),
      (error) => {
        assert.ok(hasReason(error, 'BAD_ARGUMENT') && error instanceof LikerError, String(error));
        assert.equal(error.field, 'image');
        assert.ok(error.message.startsWith(`Invalid image name '${text}': `), error.message);
        assert.match(error.message, why);
        return true;
      },
      text,
    );
  }
});

test('a name has a whole form and a short one, which both mean the same', () => {
  const table: [string, string, string][] = [
    ['debian', 'docker.io/library/debian', 'debian'],
    ['docker.io/library/debian:13', 'docker.io/library/debian:13', 'debian:13'],
    ['a/b', 'docker.io/a/b', 'a/b'],
    ['library/a/b', 'docker.io/library/a/b', 'library/a/b'],
    ['localhost/a:t', 'localhost/a:t', 'localhost/a:t'],
    [`debian:t@${digest}`, `docker.io/library/debian:t@${digest}`, `debian:t@${digest}`],
    ['docker.io:443/library/a', 'docker.io:443/library/a', 'docker.io:443/library/a'],
  ];
  for (const [text, canonical, familiar] of table) {
    const name = parse(text);
    assert.equal(canonicalName(name), canonical);
    assert.equal(familiarName(name), familiar);
    assert.deepEqual(parse(canonical), name);
    assert.deepEqual(parse(familiar), name);
  }
  assert.equal(repositoryOf(parse('debian:13')), 'docker.io/library/debian');
  assert.equal(familiarRepository(parse('docker.io/library/debian:13')), 'debian');
});

test('only a name without tag and digest gets the tag latest', () => {
  assert.equal(canonicalName(withDefaultTag(parse('debian'))), 'docker.io/library/debian:latest');
  assert.equal(familiarName(withDefaultTag(parse('debian:13'))), 'debian:13');
  assert.equal(familiarName(withDefaultTag(parse(`debian@${digest}`))), `debian@${digest}`);
});

test('a short name that would be read as that of another host, or as an id, is not used', () => {
  for (const text of ['docker.io/index.docker.io/a', 'docker.io/localhost/a', `docker.io/library/${hex}`]) {
    const name = parse(text);
    assert.equal(familiarName(name), text);
    assert.deepEqual(parse(familiarName(name)), name);
  }
});

test('the host of a registry is one that a connection can be made to', () => {
  for (const host of ['docker.io', 'localhost:5000', '[::1]:5000'])
    assert.equal(checkRegistryHost(host, 'registry'), host);
  for (const host of ['', 'a b', 'https://a.io', 'a.io:99999', '[::::]', 'a.io/x'])
    assert.throws(() => checkRegistryHost(host, 'registry'), { reason: 'BAD_ARGUMENT', field: 'registry' });
});
