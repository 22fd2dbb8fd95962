import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountAttr, ms, notHeld, type Step } from '../../daemon/kernel/plan/steps.ts';
import type { TestShim } from './fixture.ts';
import { containerSteps } from './plans.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();
const { ELOOP, ENOENT, ENOTDIR, EXDEV } = constants.errno;

interface Volume {
  readonly path: string;
  /** Where the root has the files, and the volume is put. */
  readonly target: string;
  readonly again?: boolean;
  /** A path below the volume. */
  readonly subpath?: string;
  /** MOUNT_ATTR_* of the mount. */
  readonly attributes?: number;
  readonly noFill?: boolean;
  readonly readOnlyAfter?: boolean;
}

let count = 0;

/** A folder of the root for a test, and an empty volume. */
function places(): { readonly target: string; readonly source: string; readonly path: string } {
  const target = `/data${++count}`;
  const source = join(fixture().rootfs, target);
  mkdirSync(source);
  return { target, source, path: mkdtempSync(join(fixture().folder, 'volume-')) };
}

/** A container with a volume in the order of real plans: taken, filled, put into place. */
function start(volume: Volume, script = 'true'): Promise<TestShim> {
  const { path, target, subpath, again = false, attributes = 0 } = volume;
  const how = {
    source: path,
    recursive: false,
    attributes,
    topOnly: false,
    propagation: ms.PRIVATE | ms.REC,
    map: notHeld,
    optional: false,
  };
  const held: Step =
    subpath === undefined ? { step: 'take', ...how } : { step: 'take-below', path: subpath, ...how };
  const beforePivot: Step[] = [
    ...(volume.noFill ? [] : [{ step: 'fill', tree: 0, target, again } as const]),
    { step: 'place', tree: 0, target, optional: false },
    ...(volume.readOnlyAfter ? [{ step: 'read-only', target } as const] : []),
  ];
  const args = ['/bin/sh', '-c', script];
  return fixture().spawn([held, ...containerSteps(fixture().container({ args, beforePivot }))]);
}

/** What the script prints. */
async function output(volume: Volume, script?: string): Promise<string> {
  await using shim = await start(volume, script);
  const exit = await shim.peer.exit();
  assert.equal(exit.code, 0, shim.peer.text(0, 2));
  return shim.peer.text();
}

async function failure(volume: Volume): Promise<readonly [string, string, number, string]> {
  await using shim = await start(volume);
  const { name, call, errno, object } = await shim.peer.failed();
  return [name, call, errno, object];
}

function attributesOf(path: string): object {
  const { mode, uid, gid, size, mtimeMs } = lstatSync(path);
  return { mode: mode.toString(8), uid, gid, size, mtimeMs };
}

const setAttribute = (path: string, name: string, value: string): void => {
  execFileSync('setfattr', ['-n', name, '-v', value, path]);
};

/** All extended attributes but the host's labels. */
const attributeText = (path: string): string =>
  execFileSync(
    'getfattr',
    ['-h', '-d', '-m', '^(user|security\\.capability|trusted)', '--absolute-names', path],
    {
      encoding: 'utf8',
    },
  ).replace(/^# file: .*\n/, '');

test('a filled volume has files, folders, links and fifos with their owners, modes and times', async () => {
  const { target, source, path } = places();
  const at = (name: string): string => join(source, name);
  writeFileSync(at('file'), 'content');
  writeFileSync(at('empty'), '');
  mkdirSync(at('folder/below'), { recursive: true });
  writeFileSync(at('folder/below/deep'), 'deep');
  symlinkSync('/etc/passwd', at('absolute'));
  symlinkSync('nothing/here', at('dangling'));
  execFileSync('mkfifo', [at('fifo')]);
  const owners: readonly (readonly [string, number])[] = [
    ['file', 0o4755],
    ['empty', 0o000],
    ['folder', 0o1777],
    ['folder/below', 0o2750],
    ['fifo', 0o622],
    ['.', 0o711],
  ];
  for (const [name, mode] of owners) {
    chownSync(at(name), 12, 34);
    chmodSync(at(name), mode);
  }
  const all = ['folder/below/deep', 'absolute', 'dangling', ...owners.map(([name]) => name)];
  for (const name of [...all, 'folder/below', 'folder', '.']) lutimesSync(at(name), 1_000_000, 2_000_000);
  await output({ path, target });
  for (const name of all) assert.deepEqual(attributesOf(join(path, name)), attributesOf(at(name)), name);
  assert.equal(readFileSync(join(path, 'file'), 'utf8'), 'content');
  assert.equal(readFileSync(join(path, 'folder/below/deep'), 'utf8'), 'deep');
  assert.equal(readlinkSync(join(path, 'absolute')), '/etc/passwd');
  assert.equal(readlinkSync(join(path, 'dangling')), 'nothing/here');
});

test('extended attributes and file capabilities are copied', async () => {
  const { target, source, path } = places();
  writeFileSync(join(source, 'file'), '');
  mkdirSync(join(source, 'folder'));
  for (const name of ['file', 'folder', '.']) setAttribute(join(source, name), 'trusted.liker', `of ${name}`);
  // Version 2, effective, CAP_NET_BIND_SERVICE: bit 10.
  setAttribute(join(source, 'file'), 'security.capability', '0x0100000200040000000000000000000000000000');
  await output({ path, target });
  for (const name of ['file', 'folder', '.'])
    assert.equal(attributeText(join(path, name)), attributeText(join(source, name)), name);
  assert.match(attributeText(join(path, 'file')), /security\.capability/);
});

test('the names of one file are names of one file in the volume', async () => {
  const { target, source, path } = places();
  mkdirSync(join(source, 'folder'));
  for (const name of ['one', 'other']) writeFileSync(join(source, name), name);
  symlinkSync('one', join(source, 'link'));
  linkSync(join(source, 'one'), join(source, 'folder/one'));
  linkSync(join(source, 'other'), join(source, 'folder/other'));
  linkSync(join(source, 'link'), join(source, 'folder/link'));
  await output({ path, target });
  for (const name of ['one', 'other', 'link']) {
    const { ino, nlink } = lstatSync(join(path, name));
    assert.deepEqual([lstatSync(join(path, 'folder', name)).ino, nlink], [ino, 2], name);
  }
  assert.equal(readFileSync(join(path, 'folder/other'), 'utf8'), 'other');
  assert.notEqual(lstatSync(join(path, 'one')).ino, lstatSync(join(source, 'one')).ino);
});

test('a volume that has files is not filled; again, the rest of a half copy comes', async () => {
  const { target, source, path } = places();
  mkdirSync(join(source, 'folder'));
  writeFileSync(join(source, 'folder/file'), 'whole');
  writeFileSync(join(source, 'last'), 'last');
  linkSync(join(source, 'last'), join(source, 'folder/linked'));
  // What a copy that was cut short leaves: half a file, a folder that is not yet its owner's, and a name without its link.
  mkdirSync(join(path, 'folder'), { mode: 0o700 });
  writeFileSync(join(path, 'folder/file'), 'wh');
  writeFileSync(join(path, 'folder/linked'), '');
  await output({ path, target });
  assert.deepEqual(readdirSync(path), ['folder']);
  assert.equal(readFileSync(join(path, 'folder/file'), 'utf8'), 'wh');
  await output({ path, target, again: true });
  assert.deepEqual(
    readdirSync(path, { recursive: true }).sort(),
    readdirSync(source, { recursive: true }).sort(),
  );
  assert.equal(readFileSync(join(path, 'folder/file'), 'utf8'), 'whole');
  assert.equal(lstatSync(join(path, 'last')).ino, lstatSync(join(path, 'folder/linked')).ino);
  assert.deepEqual(attributesOf(join(path, 'folder')), attributesOf(join(source, 'folder')));
});

test('a copy leads through no link, neither of the root nor of a half copy', async () => {
  const { target, source, path } = places();
  const outside = mkdtempSync(join(fixture().folder, 'outside-'));
  writeFileSync(join(outside, 'file'), 'kept');
  writeFileSync(join(source, 'file'), 'new');
  mkdirSync(join(source, 'folder'));
  writeFileSync(join(source, 'folder/made'), '');
  symlinkSync(join(outside, 'file'), join(path, 'file'));
  await output({ path, target, again: true });
  assert.equal(readFileSync(join(outside, 'file'), 'utf8'), 'kept');
  assert.equal(readFileSync(join(path, 'file'), 'utf8'), 'new');
  const other = mkdtempSync(join(fixture().folder, 'volume-'));
  symlinkSync(outside, join(other, 'folder'));
  const found = await failure({ path: other, target, again: true });
  assert.deepEqual(found, ['fill', 'openat', ENOTDIR, 'folder']);
  assert.equal(existsSync(join(outside, 'made')), false);
});

test('device nodes are left out', async () => {
  const { target, source, path } = places();
  execFileSync('mknod', [join(source, 'device'), 'c', '1', '3']);
  writeFileSync(join(source, 'file'), '');
  await output({ path, target });
  assert.deepEqual(readdirSync(path), ['file']);
});

test('a root without the folder leaves the volume empty, and a file there ends the start', async () => {
  const { path } = places();
  await output({ path, target: '/absent' });
  assert.deepEqual(readdirSync(path), []);
  assert.deepEqual(await failure({ path, target: '/bin/busybox' }), [
    'fill',
    'openat2',
    ENOTDIR,
    '/bin/busybox',
  ]);
});

test('folders below each other without end are refused', async () => {
  const { target, source, path } = places();
  mkdirSync(join(source, Array(300).fill('d').join('/')), { recursive: true });
  const [step, , errno, object] = await failure({ path, target });
  assert.deepEqual([step, errno], ['fill', ELOOP]);
  assert.match(object, /^d(\/d)+$/);
});

test('a volume is filled and then read-only; one that is read-only from the start is not written to', async () => {
  const { target, source, path } = places();
  writeFileSync(join(source, 'file'), 'content');
  const tried = `touch ${target}/new 2>/dev/null; echo $?; cat ${target}/file`;
  assert.equal(await output({ path, target, readOnlyAfter: true }, tried), '1\ncontent');
  const changed = `echo more >${target}/new; cat ${target}/new`;
  assert.equal(await output({ path, target, noFill: true }, changed), 'more\n');
  const held = { path, target, noFill: true, attributes: mountAttr.RDONLY };
  assert.equal(await output(held, tried), '1\ncontent');
});

test('a path below a volume is mounted alone', async () => {
  const { target, path } = places();
  mkdirSync(join(path, 'a/b'), { recursive: true });
  writeFileSync(join(path, 'a/b/file'), 'below');
  writeFileSync(join(path, 'a/above'), '');
  assert.equal(await output({ path, target, subpath: 'a/b', noFill: true }, `ls ${target}`), 'file\n');
  const file = { path, target: '/etc/below', subpath: 'a/b/file', noFill: true };
  assert.equal(await output(file, 'cat /etc/below'), 'below');
});

test('a path below a volume crosses no link, does not leave it, and must be there', async () => {
  const { target, path } = places();
  mkdirSync(join(path, 'folder'));
  writeFileSync(join(path, 'file'), '');
  symlinkSync('folder', join(path, 'link'));
  symlinkSync('/etc', join(path, 'folder/out'));
  const cases: readonly (readonly [string, number])[] = [
    ['link', ELOOP],
    ['folder/out', ELOOP],
    ['folder/out/passwd', ELOOP],
    ['../..', EXDEV],
    ['folder/../..', EXDEV],
    ['absent', ENOENT],
    ['file/below', ENOTDIR],
  ];
  for (const [subpath, errno] of cases) {
    const found = await failure({ path, target, subpath, noFill: true });
    assert.deepEqual(found, ['take-below', 'openat2', errno, subpath], subpath);
  }
  const gone = join(path, 'gone');
  assert.deepEqual(await failure({ path: gone, target, subpath: 'x', noFill: true }), [
    'take-below',
    'open',
    ENOENT,
    gone,
  ]);
});
