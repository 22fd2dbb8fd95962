// Files of containers: cp both ways in each state, and export.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tar } from '../native/test/tar.ts';
import type { Running } from './harness/likerctl.ts';
import { isAlive, pids, readProc } from './harness/proc.ts';
import { isOrdinaryUser } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

/** The way of the bytes between likerctl and likerd (files-by-messages.test.ts). */
const way = process.env['LIKER_TEST_FILES'] ?? 'socket';
const s = suite({
  onStart: ({ run }) => way === 'messages' && rmSync(join(run, 'files'), { recursive: true }),
});
let made = 0;

/** Without root, a container is paused only in a delegated cgroup. */
const states = (['created', 'running', 'paused', 'exited'] as const).filter(
  (state) => state !== 'paused' || !isOrdinaryUser,
);

/** A new folder of the host. */
function folder(): string {
  return s.folder(`files-${made++}`);
}

/** A container in this state, which goes with the test. */
async function container(
  t: TestContext,
  state: 'created' | 'running' | 'paused' | 'exited',
  flags: readonly string[],
): Promise<string> {
  const args = [...flags, s.rootfs, 'sleep', '1000'];
  const id = (
    await s.ok([state === 'created' ? 'create' : 'run', ...(state === 'created' ? [] : ['-d']), ...args])
  ).trim();
  t.after(() => s.ok(['rm', '-f', id]));
  if (state === 'paused') await s.ok(['pause', id]);
  if (state === 'exited') await s.ok(['kill', id]).then(() => s.ok(['wait', id]));
  return id;
}

/** A file, a hard link to it, a link, an empty folder, and a file that only its owner may execute. */
function sample(): string {
  const at = join(folder(), 'sample');
  mkdirSync(join(at, 'sub/empty'), { recursive: true });
  writeFileSync(join(at, 'file'), 'content');
  linkSync(join(at, 'file'), join(at, 'twin'));
  symlinkSync('file', join(at, 'link'));
  writeFileSync(join(at, 'sub/tool'), '#!/bin/sh\n', { mode: 0o700 });
  execFileSync('touch', ['-d', '2001-02-03 04:05:06.789', join(at, 'file'), join(at, 'sub')]);
  if (isOrdinaryUser) execFileSync('chown', ['-R', `${s.user.uid}:${s.user.gid}`, at]);
  return at;
}

/** Who has made the sample, on the host, and so inside, too. */
function maker(): string {
  return isOrdinaryUser ? `${s.user.uid}:${s.user.gid}` : '0:0';
}

function listing(path: string): string {
  const format = '%P %y %m %n %l %T@\n';
  return execFileSync('find', [path, '-mindepth', '1', '-printf', format], { encoding: 'utf8' })
    .split('\n')
    .sort()
    .join('\n');
}

inBothModes('what goes in comes out the same, whatever the container does', async ({ flags }, t) => {
  for (const state of states) {
    const id = await container(t, state, flags);
    const [there, back] = [sample(), folder()];
    await s.ok(['cp', '-q', there, `${id}:/fresh`]);
    await s.ok(['cp', '-q', `${id}:/fresh`, back]);
    assert.equal(listing(join(back, 'fresh')), listing(there), state);
    assert.equal(statSync(join(back, 'fresh/file')).ino, statSync(join(back, 'fresh/twin')).ino);
    if (state === 'paused') await s.ok(['unpause', id]);
    if (state === 'created' || state === 'exited') await s.ok(['start', id]);
    assert.equal(await s.ok(['exec', id, 'stat', '-c', '%u:%g %a', '/fresh/sub/tool']), `${maker()} 700`);
  }
});

test('large files keep their contents and their holes', async (t) => {
  const [at, back] = [folder(), folder()];
  writeFileSync(join(at, 'large'), Buffer.alloc(3_000_001, 'large'));
  writeFileSync(join(at, 'sparse'), 'begin');
  truncateSync(join(at, 'sparse'), 50_000_000);
  execFileSync('sh', ['-c', 'printf middle | dd of=sparse bs=1 seek=30000000 conv=notrunc status=none'], {
    cwd: at,
  });
  const id = await container(t, 'running', []);
  const came = await s.likerctl(['cp', `${at}/.`, `${id}:/srv`]);
  // Without a socket, what is counted is the archive.
  assert.match(
    came.stderr,
    way === 'socket' ? /^Successfully copied 53MB to / : /^Successfully copied 3.*MB to /,
  );
  await s.ok(['cp', `${id}:/srv/.`, back]);
  for (const name of ['large', 'sparse'])
    assert.ok(readFileSync(join(at, name)).equals(readFileSync(join(back, name))), name);
  assert.ok(statSync(join(back, 'sparse')).blocks < 1000);
  assert.ok(Number(await s.ok(['exec', id, 'stat', '-c', '%b', '/srv/sparse'])) < 1000);
});

test('archives on stdin and stdout, and between containers, keep holes', async (t) => {
  const [one, two] = [await container(t, 'running', []), await container(t, 'exited', [])];
  const [at, back] = [folder(), folder()];
  const name = 'ö'.repeat(40);
  writeFileSync(join(at, name), 'begin');
  truncateSync(join(at, name), 100_000_000);
  const isSparse = (path: string): void => {
    const { size, blocks } = statSync(path);
    assert.equal(size, 100_000_000);
    assert.ok(blocks < 1000, `${blocks} blocks`);
    assert.ok(readFileSync(path).subarray(0, 10).equals(Buffer.from('begin\0\0\0\0\0')));
  };
  for (const format of ['gnu', 'pax']) {
    const archive = execFileSync('tar', ['cS', `--format=${format}`, '-C', at, '.']);
    await s.ok(['cp', '-', `${one}:/srv`], { stdin: archive });
    await s.ok(['cp', `${one}:/srv/${name}`, `${two}:/srv/${format}`]);
    await s.ok(['cp', `${two}:/srv/${format}`, back]);
    isSparse(join(back, format));
  }
  const { bytes } = await s.likerctl(['cp', `${two}:/srv/pax`, '-']);
  assert.ok(bytes.length < 100_000, `${bytes.length} bytes`);
  execFileSync('tar', ['x', '-C', back, '--transform', 's/pax/again/'], { input: bytes });
  isSparse(join(back, 'again'));
});

test('an error is told in the words of the side that has found it', async (t) => {
  const id = await container(t, 'running', ['--tmpfs', '/small:size=1m']);
  const at = folder();
  writeFileSync(join(at, 'large'), Buffer.alloc(4_000_000, 'large'));
  const refused = async (from: string, to: string, why: RegExp): Promise<void> => {
    const { code, stderr } = await s.likerctl(['cp', from, to]);
    assert.match(stderr, why);
    assert.equal(code, 1);
  };
  await refused(join(at, 'large'), `${id}:/small`, /Cannot write 'small\/large': No space left on device/);
  await using listener = createServer().listen(join(at, 'socket'));
  await once(listener, 'listening');
  await refused(join(at, 'socket'), `${id}:/srv`, /Cannot pack '.*socket': it is a socket/);
  await refused(`${id}:/dev/ptmx`, join(at, 'none/x'), /Cannot copy into '.*none\/'/);
});

test('where it goes depends on what is there', async (t) => {
  const id = await container(t, 'running', []);
  const sh = (script: string) => s.ok(['exec', id, 'bash', '-c', script]);
  const at = sample();
  const refused = async (args: readonly string[], why: RegExp): Promise<void> => {
    const { code, stderr } = await s.likerctl(['cp', ...args]);
    assert.match(stderr, why);
    assert.equal(code, 1);
  };
  await sh(
    'mkdir -p /w/folder /w/other; echo old >/w/there; ln -s there /w/to-there; ln -s new /w/to-new; ln -s folder /w/to-folder',
  );
  await s.ok(['cp', join(at, 'file'), `${id}:/w/named`]);
  await s.ok(['cp', join(at, 'file'), `${id}:w/folder`]);
  await s.ok(['cp', join(at, 'file'), `${id}:/w/to-there`]);
  await s.ok(['cp', join(at, 'file'), `${id}:/w/to-new`]);
  await s.ok(['cp', join(at, 'sub/tool'), `${id}:/w/to-folder/`]);
  assert.equal(
    await sh('cd /w; cat named folder/file there new; test -L to-there && test -L to-new && ls folder'),
    'contentcontentcontentcontentfile\ntool',
  );
  await refused([join(at, 'file'), `${id}:/w/none/`], /there is no such directory; make it/);
  await refused(
    [join(at, 'file'), `${id}:/w/none/x`],
    /Cannot find the directory '\/w\/none\/': No such file/,
  );
  await refused([at, `${id}:/w/named`], /a directory cannot take the place of a file/);
  await refused([join(at, 'none'), `${id}:/w`], /there is no such file or directory/);
  await refused([`${id}:/none`, at], /there is no such file or directory/);
  await refused([at, at], /neither path is in a container/);
  await s.ok(['cp', at, `${id}:/w/as`]);
  await s.ok(['cp', `${at}/.`, `${id}:/w/other`]);
  await s.ok(['cp', at, `${id}:/w/other`]);
  assert.equal(
    await sh('cd /w; echo $(ls as; ls other; ls other/sample)'),
    'file link sub twin file link sample sub twin file link sub twin',
  );
  // What is there stays; a folder and a file never take each other's place.
  await sh('echo kept >/w/as/kept; rm /w/as/sub/tool; mkdir /w/as/sub/tool');
  await refused([`${at}/.`, `${id}:/w/as`], /Cannot replace the directory 'w\/as\/sub\/tool'/);
  assert.equal(await sh('cat /w/as/kept'), 'kept');
});

test('a link is copied as it is, or with -L what it leads to', async (t) => {
  const id = await container(t, 'running', []);
  const [at, back] = [sample(), folder()];
  await s.ok(['cp', join(at, 'link'), `${id}:/as-link`]);
  await s.ok(['cp', '-L', join(at, 'link'), `${id}:/as-file`]);
  assert.equal(await s.ok(['exec', id, 'bash', '-c', 'readlink /as-link; cat /as-file']), 'file\ncontent');
  await s.ok(['exec', id, 'ln', '-s', '/as-file', '/way']);
  await s.ok(['cp', `${id}:/way`, join(back, 'link')]);
  await s.ok(['cp', '-L', `${id}:/way`, join(back, 'file')]);
  assert.equal(readlinkSync(join(back, 'link')), '/as-file');
  assert.equal(readFileSync(join(back, 'file'), 'utf8'), 'content');
});

test('archives go in and out by stdin and stdout, and from one container to another', async (t) => {
  const [one, two] = [await container(t, 'running', []), await container(t, 'exited', ['--userns', 'host'])];
  const at = sample();
  const archive = execFileSync('tar', ['czf', '-', '-C', at, '.']);
  await s.ok(['cp', '-', `${one}:/srv`], { stdin: archive });
  await s.ok(['cp', `${one}:/srv/.`, `${two}:/srv`]);
  const file = join(folder(), 'out.tar');
  writeFileSync(file, (await s.likerctl(['cp', `${two}:/srv`, '-'])).bytes);
  const names = execFileSync('tar', ['tf', file], { encoding: 'utf8' });
  assert.equal(names, 'srv/\nsrv/file\nsrv/link\nsrv/sub/\nsrv/sub/empty/\nsrv/sub/tool\nsrv/twin\n');
  const { code, stderr } = await s.likerctl(['cp', '-', `${one}:/srv/file`], { stdin: archive });
  assert.equal(code, 1);
  assert.match(stderr, /it must be a directory/);
  const cut = await s.likerctl(['cp', '-', `${one}:/srv`], { stdin: archive.subarray(0, 60) });
  assert.equal(cut.code, 1);
  assert.match(cut.stderr, /Cannot/);
});

test('an owner that a container has no id for is named', async (t) => {
  const id = await container(t, 'running', isOrdinaryUser ? [] : ['--userns', 'auto']);
  const { code, stderr } = await s.likerctl(['cp', '-', `${id}:/srv`], {
    stdin: tar({ name: 'far', uid: 4_000_000, gid: 7 }),
  });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /Cannot give '\/?srv\/far' to user 4000000 and group 7: the user namespace lacks one of these ids/,
  );
});

inBothModes('mounts and volumes are seen, and what is read-only stays so', async ({ flags }, t) => {
  const [bind, locked] = [folder(), folder()];
  const mounts = [
    '-v',
    `${bind}:/bind`,
    '-v',
    `${locked}:/locked:ro`,
    '-v',
    `files-${made}:/volume`,
    '--tmpfs',
    '/tmpfs',
  ];
  t.after(() => s.ok(['volume', 'prune', '-af']));
  const file = join(sample(), 'file');
  for (const state of ['running', 'exited'] as const) {
    const id = await container(t, state, [...flags, ...mounts]);
    await s.ok(['cp', file, `${id}:/bind/${state}`]);
    await s.ok(['cp', file, `${id}:/volume/${state}`]);
    assert.equal(readFileSync(join(bind, state), 'utf8'), 'content');
    await s.ok(['cp', '-q', `${id}:/volume/${state}`, `${bind}/of-${state}`]);
    assert.equal(readFileSync(join(bind, `of-${state}`), 'utf8'), 'content');
    const refused = await s.likerctl(['cp', file, `${id}:/locked/x`]);
    assert.match(refused.stderr, /Read-only file system/);
    assert.equal(refused.code, 1);
    const inTmpfs = await s.likerctl(['cp', file, `${id}:/tmpfs/x`]);
    assert.equal(inTmpfs.code, state === 'running' ? 0 : 1, inTmpfs.stderr);
    if (state === 'running') await s.ok(['cp', file, `${id}:/etc/hosts`]);
  }
  const closed = await container(t, 'exited', [...flags, '--read-only']);
  assert.match((await s.likerctl(['cp', file, `${closed}:/x`])).stderr, /Read-only file system/);
});

inBothModes('no link of the container leads out of it', async ({ flags }, t) => {
  const id = await container(t, 'running', flags);
  const [outside, at] = [folder(), sample()];
  const sh = (script: string) => s.ok(['exec', id, 'bash', '-c', script]);
  await sh(
    `ln -s ${outside} /way; mkdir -p ${outside}; ln -s /../../../../../.. /up; ln -s /proc/1/root /root-link; ln -s /etc/shadow-of-host /shadow`,
  );
  await s.ok(['cp', join(at, 'file'), `${id}:/way/x`]);
  await s.ok(['cp', join(at, 'file'), `${id}:/up/y`]);
  assert.equal(await sh(`cat ${outside}/x /y`), 'contentcontent');
  assert.deepEqual(execFileSync('ls', [outside], { encoding: 'utf8' }), '');
  // Magic links of procfs are followed for nobody.
  assert.equal((await s.likerctl(['cp', `${id}:/root-link/etc/passwd`, outside])).code, 1);
  // An archive from a container writes nothing but below the folder that it goes to.
  const evil = join(folder(), 'evil');
  mkdirSync(evil);
  await sh(`mkdir -p /e; ln -s ${evil} /e/a`);
  execFileSync('sh', [
    '-c',
    `cd ${at} && mkdir x && ln -s ${evil} x/a && tar cf two.tar x/a && rm x/a && mkdir x/a && echo hi >x/a/b && tar rf two.tar x/a/b`,
  ]);
  await s.ok(['cp', '-', `${id}:/e`], { stdin: readFileSync(join(at, 'two.tar')) });
  assert.equal(execFileSync('ls', [evil], { encoding: 'utf8' }), '');
});

test('-a gives files to the user of the container', async (t) => {
  const id = await container(t, 'created', ['--user', '7:8']);
  await s.ok(['cp', sample(), `${id}:/as-is`]);
  await s.ok(['cp', '-a', sample(), `${id}:/owned`]);
  await s.ok(['start', id]);
  assert.equal(
    await s.ok(['exec', id, 'stat', '-c', '%u:%g', '/as-is/file', '/owned', '/owned/sub/tool']),
    `${maker()}\n7:8\n7:8`,
  );
});

inBothModes('export has the whole root, without what is mounted there', async ({ flags }, t) => {
  for (const state of ['created', 'running'] as const) {
    const id = await container(t, state, [...flags, '-v', `${sample()}:/bind`]);
    await s.ok(['cp', join(sample(), 'file'), `${id}:/new`]);
    const archive = join(folder(), 'root.tar');
    await s.ok(['export', '-o', archive, id]);
    const names = execFileSync('tar', ['tf', archive], { encoding: 'utf8' }).split('\n');
    for (const name of ['new', 'etc/passwd', 'usr/bin/bash', 'bind/', 'proc/'])
      assert.ok(names.includes(name), name);
    assert.deepEqual(
      names.filter((name) => /^(proc|sys|bind)\/./.test(name)),
      [],
    );
  }
});

/** A copy to a mounted folder that goes on for as long as its client says nothing, and the process that unpacks it. */
async function stalled(id: string, target: string): Promise<{ copy: Running; helper: number }> {
  const copy = s.start(['cp', '-', `${id}:${target}`], { stdin: 'open' });
  copy.write(execFileSync('tar', ['cf', '-', '-C', sample(), '.']).subarray(0, 512));
  const helper = await until('the archive to be unpacked', () =>
    pids().find((pid) => readProc(pid, 'cmdline').includes(`--into\0${target}\0`)),
  );
  return { copy, helper };
}

async function ended(copy: Running, why: RegExp): Promise<void> {
  const { code, stderr } = await copy.outcome;
  assert.match(stderr, why);
  assert.equal(code, 1);
}

for (const end of ['SIGINT', 'SIGKILL'] as const)
  test(`a copy ends with its client (${end})`, async (t) => {
    const target = `/left-${process.pid}-${made}`;
    const id = await container(t, 'running', ['-v', `${folder()}:${target}`]);
    const at = folder();
    execFileSync('sh', ['-c', `head -c 500M /dev/zero >${at}/large`]);
    const copy = s.start(['cp', join(at, 'large'), `${id}:${target}`]);
    const helper = await until('the archive to be unpacked', () =>
      pids().find((pid) => readProc(pid, 'cmdline').includes(`--into\0${target}\0`)),
    );
    // It stands still until likerd ends it.
    process.kill(helper, 'SIGSTOP');
    copy.kill(end);
    await copy.outcome;
    await until('the helper to end', () => !isAlive(helper));
    assert.deepEqual(
      pids().filter((pid) => readProc(pid, 'cmdline').includes(join(at, 'large'))),
      [],
    );
  });

inBothModes('a copy ends when its container starts again', async ({ flags }, t) => {
  const target = `/stalled-${process.pid}-${made}`;
  const id = await container(t, 'running', [...flags, '-v', `${folder()}:${target}`]);
  const { copy, helper } = await stalled(id, target);
  await s.ok(['kill', id]);
  await s.ok(['wait', id]);
  assert.ok(isAlive(helper) && !copy.hasEnded, 'it has what was there until then');
  await s.ok(['start', id]);
  assert.equal(isAlive(helper), false, 'nobody has the old root when the new one is mounted');
  await ended(copy, /could not be used to the end: it has ended, and starts again; try again/);
});

inBothModes('a forced removal ends a copy of a container that does not run', async ({ flags }) => {
  const target = `/stalled-${process.pid}-${made}`;
  const id = (
    await s.ok(['create', ...flags, '-v', `${folder()}:${target}`, s.rootfs, 'sleep', '1000'])
  ).trim();
  const { copy, helper } = await stalled(id, target);
  await s.ok(['rm', '-f', id]);
  assert.equal(isAlive(helper), false);
  await ended(copy, /could not be used to the end: it is being removed/);
});
