import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LikerError } from '../../../common/errors.ts';
import { containerFiles } from './files.ts';
import { resolveUser } from './resolve.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-users-'));
after(() => rmSync(folder, { recursive: true }));

let count = 0;

function root(passwd?: string): string {
  count += 1;
  const path = join(folder, String(count));
  mkdirSync(join(path, 'etc'), { recursive: true });
  if (passwd !== undefined) writeFileSync(join(path, 'etc/passwd'), passwd);
  return path;
}

const isBadRootfs = (error: unknown): boolean => error instanceof LikerError && error.reason === 'BAD_ROOTFS';

test('the topmost layer that has the file counts', () => {
  const lower = root('web:x:1:1::/lower:/bin/sh\n');
  const upper = root('web:x:2:2::/upper:/bin/sh\n');
  assert.equal(resolveUser(containerFiles([upper, lower]), 'web', []).uid, 2);
  assert.equal(resolveUser(containerFiles([root(), lower]), 'web', []).uid, 1);
  assert.equal(containerFiles([root(), root()]).read('/etc/passwd'), null);
});

test("T16: a link leads nowhere but into the container's own root", () => {
  const outside = join(folder, 'outside');
  writeFileSync(outside, 'web:x:0:0::/:/bin/sh\n');
  const absolute = root();
  symlinkSync(outside, join(absolute, 'etc/passwd'));
  assert.equal(containerFiles([absolute]).read('/etc/passwd'), null);
  const climbing = root();
  symlinkSync('../../outside', join(climbing, 'etc/passwd'));
  assert.equal(containerFiles([climbing]).read('/etc/passwd'), null);
  const inside = root();
  writeFileSync(join(inside, 'real'), 'web:x:7:7::/:/bin/sh\n');
  symlinkSync('/real', join(inside, 'etc/passwd'));
  assert.equal(resolveUser(containerFiles([inside]), 'web', []).uid, 7);
});

test('T16: a file that is too large, or none, is refused', () => {
  assert.throws(() => containerFiles([root('x'.repeat(1024 * 1024 + 1))]).read('/etc/passwd'), isBadRootfs);
  const device = root();
  symlinkSync('/dev/zero', join(device, 'etc/passwd'));
  assert.equal(containerFiles([device]).read('/etc/passwd'), null);
  const directory = root();
  mkdirSync(join(directory, 'etc/passwd'));
  assert.throws(() => containerFiles([directory]).read('/etc/passwd'), isBadRootfs);
  assert.equal(containerFiles([root('y'.repeat(1024 * 1024))]).read('/etc/passwd')?.length, 1024 * 1024);
});
