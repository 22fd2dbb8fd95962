import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import { runRootfsBuild } from './command.ts';
import { host } from './host.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-rootfs-'));
after(() => rmSync(top, { recursive: true }));
const isRoot = process.getuid?.() === 0;

let count = 0;
function freshPath(): string {
  count += 1;
  return join(top, `root-${count}`);
}

async function build(
  directory: string,
  { with: names = [], ...options }: { with?: string[]; force?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
  return runRootfsBuild(host(names), { force: false, quiet: true, ...options, directory });
}

async function refusal(promise: Promise<void>): Promise<LikerError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof LikerError, String(error));
  return error;
}

test('the new root runs a shell with programs, aliases, and a prompt that shows the path', {
  skip: isRoot ? false : 'chroot needs root',
}, async () => {
  const root = freshPath();
  await build(root);
  const script =
    'alias; ls -d /; echo "$PS1"; awk "BEGIN { print 6 * 7 }"; whoami; echo -n ä | wc -m; TERM=xterm tput colors';
  const output = execFileSync('chroot', [root, '/bin/bash', '-ic', script], {
    encoding: 'utf8',
    env: { HOME: '/root', PATH: '/usr/bin:/usr/sbin' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [cp, mv, rm, ...rest] = output.trim().split('\n');
  assert.deepEqual([cp, mv, rm], ["alias cp='cp -i'", "alias mv='mv -i'", "alias rm='rm -i'"]);
  assert.deepEqual(rest, ['/', '[\\u@\\h \\w]\\$ ', '42', 'root', '1', '8']);
});

test('the layout is that of a merged /usr, with the directories that a container needs', async () => {
  const root = freshPath();
  const umask = process.umask(0o077);
  try {
    await build(root);
  } finally {
    process.umask(umask);
  }
  assert.equal(readlinkSync(join(root, 'bin')), 'usr/bin');
  const mode = (path: string): number => statSync(join(root, path)).mode & 0o7777;
  assert.deepEqual(
    ['', 'tmp', 'root', 'etc/passwd', 'usr/bin/bash', 'proc'].map(mode),
    [0o755, 0o1777, 0o700, 0o644, 0o755, 0o755],
  );
  assert.equal(readFileSync(join(root, 'etc/hosts'), 'utf8'), '');
  assert.match(readFileSync(join(root, 'etc/group'), 'utf8'), /^tty:x:5:$/m);
});

test('symlinks are kept and point inside the root, and no program is set-uid', async () => {
  const root = freshPath();
  await build(root);
  assert.ok(lstatSync(join(root, 'usr/bin/awk')).isSymbolicLink());
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) assert.equal(lstatSync(path).mode & 0o6000, 0, path);
    else if (entry.name !== 'mtab') assert.ok(realpathSync(path).startsWith(`${root}/`), path);
  }
});

test('a script brings its interpreter', async () => {
  const script = join(top, 'greet');
  writeFileSync(script, '#!/usr/bin/env perl\nprint 1\n');
  chmodSync(script, 0o755);
  const root = freshPath();
  await build(root, { with: [script] });
  assert.ok(existsSync(join(root, 'usr/bin/perl')));
  assert.ok(realpathSync(join(root, 'usr/bin/greet')).endsWith(script));
});

const hasPerl = existsSync('/var/lib/dpkg/info/perl-base.list');

test('a requested program comes with its modules, data and settings', {
  skip: !isRoot ? 'chroot needs root' : hasPerl ? false : 'needs a Debian with perl',
}, async () => {
  const root = freshPath();
  await build(root, { with: ['perl'] });
  const script = 'use POSIX; use File::Spec; use Socket; print File::Spec->catfile("a", "b"), floor(2.5)';
  writeFileSync(join(root, 'script'), script);
  assert.equal(execFileSync('chroot', [root, 'perl', '/script'], { encoding: 'utf8' }), 'a/b2');
  assert.match(
    readFileSync(join(root, 'etc/passwd'), 'utf8'),
    /^root:.*\n(.*\n){3}$/,
    'of the root, not of this machine',
  );
  assert.equal(existsSync(join(root, 'usr/share/doc')), false);
});

test('for a program without a package, a message says that only its libraries were copied', async () => {
  const own = join(top, 'own-program');
  copyFileSync('/bin/true', own);
  const said: string[] = [];
  const stderr = mock.method(process.stderr, 'write', (text: string) => said.push(text) > 0);
  try {
    await build(freshPath(), { with: [own] });
  } finally {
    stderr.mock.restore();
  }
  assert.match(said.join(''), /own-program: only its libraries were copied, since no package contains it/);
});

test('a missing program stops the build before anything is written', async () => {
  const root = freshPath();
  const error = await refusal(build(root, { with: ['no-such-program'] }));
  assert.match(error.message, /no-such-program/);
  assert.equal(existsSync(root), false);
});

test('an empty directory is filled; a directory with content is refused and not touched', async () => {
  const empty = freshPath();
  mkdirSync(empty);
  await build(empty);
  assert.ok(existsSync(join(empty, 'bin/bash')));

  const full = freshPath();
  mkdirSync(full);
  writeFileSync(join(full, 'mine'), 'kept');
  const error = await refusal(build(full));
  assert.match(error.message, /not empty.*--force/);
  assert.deepEqual(readdirSync(full), ['mine']);
});

test('--force replaces what the build writes and keeps the rest', async () => {
  const root = freshPath();
  await build(root);
  writeFileSync(join(root, 'etc/passwd'), 'changed');
  writeFileSync(join(root, 'etc/mine'), 'kept');
  await build(root, { force: true });
  assert.match(readFileSync(join(root, 'etc/passwd'), 'utf8'), /^root:/);
  assert.equal(readFileSync(join(root, 'etc/mine'), 'utf8'), 'kept');
  assert.deepEqual(
    readdirSync(join(root, 'etc')).filter((name) => name.startsWith('.')),
    [],
  );
});

test('--force follows no symlink out of the directory', async () => {
  const root = freshPath();
  const outside = freshPath();
  mkdirSync(root);
  mkdirSync(outside);
  writeFileSync(join(outside, 'victim'), 'safe');
  symlinkSync(outside, join(root, 'etc'));
  assert.match((await refusal(build(root, { force: true }))).message, /Cannot write '\/etc'/);

  const file = freshPath();
  mkdirSync(join(file, 'etc'), { recursive: true });
  symlinkSync(join(outside, 'victim'), join(file, 'etc/passwd'));
  await build(file, { force: true });
  assert.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'safe');
  assert.ok(lstatSync(join(file, 'etc/passwd')).isFile());
  assert.deepEqual(readdirSync(outside), ['victim']);
});

test('an interrupted build leaves nothing behind', async () => {
  const before = readdirSync(top);
  const interruption = new AbortController();
  // The first thing that appears is the folder in which the tree is made.
  const watcher = watch(top, () => interruption.abort());
  await assert.rejects(build(freshPath(), { signal: interruption.signal }), { name: 'AbortError' });
  watcher.close();
  assert.deepEqual(readdirSync(top), before);
});

test('a file in place of the directory is refused with a clear error', async () => {
  const path = freshPath();
  writeFileSync(path, '');
  assert.match((await refusal(build(path))).message, /not a directory/);
  assert.match(
    (await refusal(build(join(path, 'below')))).message,
    /^Cannot create the folder '.*': EEXIST: something that is not a folder is there$/,
  );
});
