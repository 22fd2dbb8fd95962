import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../../common/errors.ts';
import { greatestId, parseId } from './database.ts';
import { resolveUser, type UserFiles } from './resolve.ts';

const passwd = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1::/usr/sbin:/bin/false
# comment:x:5:5::/:/bin/sh
broken:x:abc:7::/:/bin/sh
empty:x:::gecos:/:/bin/sh
negative:x:-1:0::/:/bin/sh
huge:x:4294967295:0::/:/bin/sh
spaces:x: 0:0::/:/bin/sh
short:x:8:8
web:x:1000:1000:Web:/srv/web:/bin/sh
web:x:2000:2000:second:/elsewhere:/bin/sh
relative:x:1001:1001::home/rel:/bin/sh
7000:x:1:1::/digits:/bin/sh
`;

const group = `root:x:0:
daemon:x:1:
www:x:33:web,daemon
audio:x:44: web ,other
bad:x:x1:web
web:x:1000:
dup:x:33:web
`;

function filesOf(contents: Readonly<Record<string, string>>): UserFiles {
  return { read: (path) => (contents[path] === undefined ? null : Buffer.from(contents[path])) };
}

const files = filesOf({ '/etc/passwd': passwd, '/etc/group': group });
const noFiles = filesOf({});

function refuses(reason: string, user: string, groups: string[] = [], from: UserFiles = files): void {
  assert.throws(
    () => resolveUser(from, user, groups),
    (error) => error instanceof LikerError && error.reason === reason,
    JSON.stringify(user),
  );
}

test('nothing is root, with its entry', () => {
  assert.deepEqual(resolveUser(files, '', []), { uid: 0, gid: 0, groups: [], home: '/root', name: 'root' });
  assert.deepEqual(resolveUser(noFiles, '', []), { uid: 0, gid: 0, groups: [], home: '/', name: '' });
});

test('a name and its number are the same user, with its groups', () => {
  const web = { uid: 1000, gid: 1000, groups: [33, 44], home: '/srv/web', name: 'web' };
  assert.deepEqual(resolveUser(files, 'web', []), web);
  assert.deepEqual(resolveUser(files, '1000', []), web);
});

test('an explicit group is the only one', () => {
  assert.deepEqual(resolveUser(files, 'web:audio', []).groups, []);
  assert.equal(resolveUser(files, 'web:audio', []).gid, 44);
  assert.equal(resolveUser(files, 'web:99', []).gid, 99);
  assert.deepEqual(resolveUser(files, ':audio', []), {
    uid: 0,
    gid: 44,
    groups: [],
    home: '/root',
    name: 'root',
  });
});

test('a number without an entry has gid 0 and home /', () => {
  assert.deepEqual(resolveUser(files, '4242', []), { uid: 4242, gid: 0, groups: [], home: '/', name: '' });
});

test('groups can be added by name and number, each counts once', () => {
  assert.deepEqual(resolveUser(files, 'web', ['www', '44', '7']).groups, [33, 44, 7]);
  refuses('UNKNOWN_USER', 'web', ['nosuch']);
});

test('a home that is no absolute path is /', () =>
  assert.equal(resolveUser(files, 'relative', []).home, '/'));

test('digits are always a number, never a name', () =>
  assert.equal(resolveUser(files, '7000', []).uid, 7000));

test('T15: an unknown name is an error, never 0', () => {
  for (const user of ['nosuch', 'web:nosuch', 'Root', ' root', 'root ', '0x0', '+0', '0 ', '1e3', '٣']) {
    refuses('UNKNOWN_USER', user);
  }
  refuses('UNKNOWN_USER', 'root', ['x'], noFiles);
  refuses('UNKNOWN_USER', 'root', [], noFiles);
});

test('T15: entries that are not well written do not exist', () => {
  for (const user of ['broken', 'empty', 'negative', 'huge', 'spaces', 'short', '# comment', 'comment']) {
    refuses('UNKNOWN_USER', user);
  }
  refuses('UNKNOWN_USER', 'web:bad');
});

test('T15: what is no user is refused', () => {
  for (const user of [
    'a:b:c',
    'web:',
    ':',
    '::',
    '-1',
    '4294967295',
    '99999999999',
    'web:-1',
    'a\nroot',
    'web\0',
  ]) {
    refuses('BAD_ARGUMENT', user);
  }
  assert.equal(resolveUser(files, String(greatestId), []).uid, greatestId);
});

test('T15: whatever the files hold, a name that is not 0 there does not become 0', () => {
  let seed = 42;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  const pieces = [
    'root',
    'web',
    ':',
    ':',
    ':',
    ':',
    'x',
    '0',
    '1000',
    '-1',
    ' ',
    '\n',
    '\n',
    '\0',
    '#',
    '4294967296',
    'é',
    '/',
  ];
  const junk = (): string => Array.from({ length: random(60) }, () => pieces[random(pieces.length)]).join('');
  for (let round = 0; round < 5000; round += 1) {
    const fuzzed = filesOf({ '/etc/passwd': junk(), '/etc/group': junk() });
    try {
      const user = resolveUser(fuzzed, 'web', []);
      assert.ok(Number.isInteger(user.uid) && user.uid >= 0 && user.uid <= greatestId);
      const line = new RegExp(`^web:[^:\\n]*:0*${user.uid}:0*${user.gid}:`, 'm');
      assert.match(fuzzed.read('/etc/passwd')?.toString() ?? '', line);
    } catch (error) {
      if (!(error instanceof LikerError)) throw error;
      assert.equal(error.reason, 'UNKNOWN_USER');
    }
  }
});

test('an id is digits within the range and nothing else', () => {
  for (const text of ['', '-0', '+1', '1.0', '0x1', ' 1', '1 ', '4294967295', '00000000001', '1e1']) {
    assert.equal(parseId(text), null, text);
  }
  assert.equal(parseId('0'), 0);
  assert.equal(parseId('4294967294'), greatestId);
});
