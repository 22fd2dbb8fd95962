// Volumes: what containers see in them, what is on the disk, and what becomes of them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isOrdinaryUser } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { inBothModes } from './hostile/modes.ts';

const s = suite();

async function pathOf(name: string): Promise<string> {
  return s.ok(['volume', 'inspect', '-f', '{{.Mountpoint}}', name]);
}

/** What find says of each file in a folder, with owner, mode, type, links and size. */
function inventory(folder: string): string {
  const format = '%P %y %m %U:%G %n %l %T@\n';
  return execFileSync('sh', ['-c', `find . -printf '${format}' | sort`], { cwd: folder, encoding: 'utf8' });
}

let made = '';

/** A root of this machine's programs, with files at /data that a volume can be filled from. */
function rootWithData(): string {
  if (made !== '') return made;
  const root = join(s.daemon.home, 'root-with-data');
  made = root;
  execFileSync('cp', ['-a', s.rootfs, root]);
  const data = join(root, 'data');
  mkdirSync(join(data, 'deep/er'), { recursive: true });
  writeFileSync(join(data, 'file'), 'from the root');
  writeFileSync(join(data, 'deep/er/other'), 'x'.repeat(100_000));
  symlinkSync('/etc/passwd', join(data, 'link'));
  execFileSync('ln', [join(data, 'file'), join(data, 'deep/twin')]);
  execFileSync('mkfifo', [join(data, 'fifo')]);
  s.give(data);
  s.give(join(data, 'file'), 7, 8);
  execFileSync('chown', ['--reference', join(data, 'file'), data]);
  execFileSync('chmod', ['4751', join(data, 'file')]);
  execFileSync('chmod', ['1770', data]);
  execFileSync('touch', ['-d', '2001-02-03 04:05:06', join(data, 'deep'), join(data, 'file'), data]);
  return root;
}

inBothModes(
  'a volume keeps what containers write, with their own ids on the disk',
  async ({ flags, userns }) => {
    const name = `kept-${userns}`;
    await s.sh([...flags, '-v', `${name}:/v`], 'echo one >/v/a; chown 33:44 /v/a');
    assert.equal(await s.sh([...flags, '-v', `${name}:/w`], 'cat /w/a; stat -c %u:%g /w/a'), 'one\n33:44');
    const { uid, gid } = statSync(join(await pathOf(name), 'a'));
    assert.deepEqual([uid, gid], isOrdinaryUser ? s.user.outside(33, 44) : [33, 44]);
    const readOnly = await s.run([...flags, '-v', `${name}:/v:ro`], ['sh', '-c', 'echo two >/v/a']);
    assert.notEqual(readOnly.code, 0);
    assert.match(readOnly.stderr, /Read-only file system/);
  },
);

inBothModes('a new volume is filled from the root: once', async ({ flags, userns }) => {
  const name = `filled-${userns}`;
  const run = (script: string, more: readonly string[] = []) =>
    s.ok(['run', '--rm', ...flags, ...more, '-v', `${name}:/data`, rootWithData(), 'sh', '-c', script]);
  const out = await run('cat /data/file; stat -c "%a %u:%g" /data/file /data; wc -c </data/deep/er/other');
  assert.equal(out, 'from the root\n4751 7:8\n1770 7:8\n100000'.replace('root\n', 'root'));
  assert.equal(inventory(await pathOf(name)), inventory(join(rootWithData(), 'data')));
  await run('rm -r /data/* && echo new >/data/file');
  assert.equal(await run('ls /data'), 'file');
});

inBothModes('a volume that is mounted read-only is filled, too', async ({ flags, userns }) => {
  const name = `filled-ro-${userns}`;
  const script = 'cat /data/file; touch /data/x 2>&1 | grep -o Read-only';
  const out = await s.ok([
    'run',
    '--rm',
    ...flags,
    '-v',
    `${name}:/data:ro`,
    rootWithData(),
    'sh',
    '-c',
    script,
  ]);
  assert.equal(out, 'from the rootRead-only');
});

test('nocopy, and a volume that already has files, are not filled', async () => {
  await s.ok(['volume', 'create', 'mine']);
  writeFileSync(join(await pathOf('mine'), 'mine'), '');
  for (const volume of ['mine:/data', 'other:/data:nocopy'])
    assert.equal(
      await s.ok(['run', '--rm', '-v', volume, rootWithData(), 'ls', '/data']),
      volume.startsWith('mine') ? 'mine' : '',
    );
});

test('two first starts with one volume fill it once, and neither sees half of it', async () => {
  const runs = Array.from({ length: 4 }, () =>
    s.ok([
      'run',
      '--rm',
      '-v',
      'together:/data',
      rootWithData(),
      'sh',
      '-c',
      'wc -c </data/deep/er/other; echo x >>/data/file; tail -1 /data/file',
    ]),
  );
  for (const out of await Promise.all(runs)) assert.match(out, /^100000\n/);
  const text = readFileSync(join(await pathOf('together'), 'file'), 'utf8');
  assert.equal(text, `from the root${'x\n'.repeat(4)}`);
});

inBothModes('--mount with a subpath: below the volume, and through no link', async ({ flags, userns }) => {
  const name = `sub-${userns}`;
  await s.sh(
    [...flags, '-v', `${name}:/v`],
    'mkdir -p /v/a/b; echo here >/v/a/b/f; ln -s / /v/out; ln -s a /v/alias',
  );
  const mount = (path: string) => ['--mount', `source=${name},target=/sub,volume-subpath=${path}`];
  assert.equal(await s.sh([...flags, ...mount('a/b')], 'cat /sub/f'), 'here');
  assert.equal(await s.sh([...flags, ...mount('a/b/f')], 'cat /sub'), 'here');
  for (const [path, error] of [
    ['out/etc', /ELOOP|link/],
    ['alias', /ELOOP|link/],
    ['none', /ENOENT|not exist/],
    ['../x', /without '\.\.'/],
  ] as const) {
    const { code, stderr } = await s.run([...flags, ...mount(path)], ['ls', '/sub']);
    assert.equal(code, 125, path);
    assert.match(stderr, error, path);
  }
});

describe('anonymous volumes', () => {
  const count = async () =>
    (await s.ok(['volume', 'ls', '-q'])).split('\n').filter((name) => /^[0-9a-f]{64}$/.test(name)).length;

  test('--rm removes them with the container; otherwise rm -v does', async () => {
    const before = await count();
    await s.sh(['-v', '/v'], 'touch /v/x');
    assert.equal(await count(), before);
    const id = await s.ok(['create', '-v', '/v', s.rootfs, 'true']);
    await s.ok(['rm', id]);
    assert.equal(await count(), before + 1);
    const next = await s.ok(['create', '-v', '/v', '-v', 'named:/n', s.rootfs, 'true']);
    await s.ok(['rm', '-v', next]);
    assert.equal(await count(), before + 1);
    assert.equal(await s.ok(['volume', 'inspect', '-f', '{{.Name}}', 'named']), 'named');
  });

  test('prune removes them, and with -a the named ones', async () => {
    await s.ok(['volume', 'create']);
    await s.ok(['volume', 'create', '--label', 'keep=1', 'labelled']);
    assert.match(await s.ok(['volume', 'prune', '-f']), /^Deleted Volumes:\n[0-9a-f]{64}\n/);
    assert.equal(await count(), 0);
    await s.ok(['volume', 'prune', '-af', '--filter', 'label!=keep']);
    assert.equal(await s.ok(['volume', 'ls', '-q']), 'labelled');
    const left = readdirSync(join(s.daemon.root, 'volumes'));
    assert.deepEqual(left, ['labelled']);
  });
});

test('a volume in use is not removed; -f ignores a missing one', async () => {
  const id = await s.ok(['create', '--name', 'holder', '-v', 'held:/v', s.rootfs, 'true']);
  const refused = await s.likerctl(['volume', 'rm', 'held']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Cannot remove volume 'held': it is in use by container 'holder'/);
  await s.ok(['rm', id]);
  assert.equal(await s.ok(['volume', 'rm', 'held']), 'held');
  const missing = await s.likerctl(['volume', 'rm', 'held']);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /No such volume: 'held'/);
  await s.ok(['volume', 'rm', '-f', 'held']);
});

test('--volumes-from: the mounts of another container, read-only if asked for', async () => {
  const host = s.folder('shared');
  const id = await s.ok([
    'create',
    '-v',
    '/anon',
    '-v',
    'from:/v',
    '-v',
    `${host}:/h`,
    '--tmpfs',
    '/t',
    s.rootfs,
    'true',
  ]);
  await s.sh(['--volumes-from', id], 'echo 1 >/v/x; echo 2 >/h/x; echo 3 >/anon/x; test ! -e /t');
  assert.equal(readFileSync(join(host, 'x'), 'utf8'), '2\n');
  const out = await s.sh(
    ['--volumes-from', `${id}:ro`, '-v', 'own:/v'],
    'ls /v; cat /anon/x; touch /h/y 2>&1 | grep -o Read-only',
  );
  assert.equal(out, '3\nRead-only');
  await s.ok(['rm', '-v', id]);
});

test('inspect, ls and df show them as Docker does', async () => {
  const id = await s.ok(['create', '-v', 'shown:/v:ro', s.rootfs, 'true']);
  await s.ok(['volume', 'create', '--label', 'a=b', 'unused']);
  const path = await pathOf('shown');
  const mounts = JSON.parse(await s.ok(['inspect', '-f', '{{json .Mounts}}', id])) as object[];
  assert.deepEqual(mounts, [
    {
      Type: 'volume',
      Name: 'shown',
      Source: path,
      Destination: '/v',
      Driver: 'local',
      Mode: 'ro',
      RW: false,
      Propagation: '',
    },
  ]);
  assert.match(await s.ok(['volume', 'ls']), /^DRIVER +VOLUME NAME\n/);
  assert.equal(await s.ok(['volume', 'ls', '-q', '-f', 'label=a=b']), 'unused');
  assert.match(await s.ok(['volume', 'ls', '-q', '-f', 'dangling=false']), /^shown$/m);
  assert.match(await s.ok(['system', 'df', '--format', '{{.Type}} {{.Active}}']), /^Local Volumes 1$/m);
  assert.equal(await s.ok(['ps', '-aq', '--no-trunc', '--filter', 'volume=shown']), id);
  await s.ok(['rm', id]);
});

test('what cannot be is refused, and nothing is left of it', async () => {
  for (const [flag, error] of [
    ['-bad:/v', /Invalid volume name '-bad'/],
    ['a/b:/v', /Invalid volume name 'a\/b'/],
    ['new:relative', /not an absolute path/],
    ['new:/v:idmap', /unknown option 'idmap'/],
    ['new:/', /root itself/],
  ] as const) {
    const { code, stderr } = await s.run([`--volume=${flag}`], ['true']);
    assert.equal(code, 125, flag);
    assert.match(stderr, error);
  }
  assert.equal((await s.likerctl(['volume', 'inspect', 'new'])).code, 1);
});

test('after kill -9 the volumes are there, a removal that was begun is finished, and a lost record is made again', async () => {
  await s.ok(['volume', 'create', '--label', 'x=y', 'survivor']);
  const path = await pathOf('survivor');
  await s.daemon.kill9();
  mkdirSync(join(s.daemon.root, 'volumes/orphan/_data'), { recursive: true });
  writeFileSync(join(s.daemon.root, 'volumes/orphan/_data/kept'), '');
  s.give(join(s.daemon.root, 'volumes/orphan'));
  await s.daemon.restart();
  assert.equal(await s.ok(['volume', 'inspect', '-f', '{{.Labels.x}}', 'survivor']), 'y');
  assert.ok(existsSync(path));
  assert.equal(await s.sh(['-v', 'orphan:/v'], 'ls /v'), 'kept');
});
