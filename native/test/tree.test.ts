// liker-tree, and liker-unpack into a folder that is there: files of the caller, and of a process in a user namespace of its own.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { LikerError } from '../../common/errors.ts';
import { FileTree, type Viewer } from '../../common/files/tree.ts';
import { requiresProgram } from '../../test/harness/requires.ts';
import { until } from '../../test/harness/until.ts';

const build = join(import.meta.dirname, '../build');
const files = new FileTree({
  tree: process.env['LIKER_TREE'] ?? join(build, 'liker-tree'),
  unpack: process.env['LIKER_UNPACK'] ?? join(build, 'liker-unpack'),
});

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'liker-tree-'));
  // Not node's: it cannot remove folders deeper than a path can be.
  t.after(() => execFileSync('rm', ['-rf', path]));
  return path;
}

/** What needs more than a plain header: long names, links to them, ids and times beyond octal, attributes; and large contents. */
function sample(t: TestContext): string {
  const at = join(folder(t), 'sample');
  const deep = join(at, 'd'.repeat(200), 'e'.repeat(200));
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'f'.repeat(200)), 'deep');
  symlinkSync('x'.repeat(3000), join(at, 'far'));
  linkSync(join(deep, 'f'.repeat(200)), join(at, 'twin'));
  writeFileSync(join(at, 'ümlaut\nline'), '');
  writeFileSync(join(at, 'large'), Buffer.alloc(1_000_001, 'large'));
  writeFileSync(join(at, 'hole'), 'begin');
  truncateSync(join(at, 'hole'), 300_000);
  writeFileSync(join(at, 'owned'), 'owned');
  chownSync(join(at, 'owned'), 3_000_000, 4_000_000);
  execFileSync('mkfifo', [join(at, 'fifo')]);
  execFileSync('touch', ['-h', '-d', '1960-02-03 04:05:06', join(at, 'owned')]);
  execFileSync('touch', ['-h', '-d', '2001-02-03 04:05:06.789', join(at, 'far')]);
  return at;
}

/** Type, mode, ids, links, target and time of all below. */
function listing(path: string): string[] {
  const format = '%P %y %m %U %G %n %l %s %T@\\0';
  const all = execFileSync('find', [path, '-mindepth', '1', '!', '-type', 'd', '-printf', format]);
  return all.toString().split('\0').sort();
}

/** Those of /proc/PID/stat that follow the name. */
function fieldsOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** A process with another user namespace, and mounts of its own, in which the ids of the host are the same. */
async function viewer(t: TestContext): Promise<Viewer> {
  const child = spawn('unshare', ['--user', '--mount', 'sleep', '1000'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  await until('the namespace', () => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${pid}/${map}`, '0 0 4294967295');
  return { pid, startTime: fieldsOf(pid)[19] ?? '' };
}

for (const isInside of [false, true])
  test(`what is packed is unpacked as it was${isInside ? ', in a user namespace' : ''}`, async (t) => {
    const [from, to] = [sample(t), folder(t)];
    const inside = isInside ? await viewer(t) : null;
    const bytes = files.pack(inside, from, { name: 'copy', follow: false });
    const target = { folder: to, owner: 'archive' } as const;
    if (inside) await files.unpack(inside, target, bytes);
    else {
      await using own = await open(to, 'r');
      await files.unpack({ target: own.fd }, { ...target, folder: '.' }, bytes);
    }
    assert.deepEqual(listing(join(to, 'copy')), listing(from));
    for (const name of ['large', 'hole', 'twin'])
      assert.deepEqual(readFileSync(join(to, 'copy', name)), readFileSync(join(from, name)), name);
    assert.ok(statSync(join(to, 'copy/hole')).blocks <= 8, 'the hole is one');
  });

async function packed(path: string): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(files.pack(null, path, { name: 'copy', follow: false })));
}

for (const reader of [
  ['tar', '--warning=no-timestamp', '--same-owner'],
  ['bsdtar', '--same-owner'],
])
  test(`${reader[0]} reads what is packed`, requiresProgram(reader[0] ?? ''), async (t) => {
    const [from, to] = [sample(t), folder(t)];
    execFileSync(reader[0] ?? '', ['xpf', '-', ...reader.slice(1), '-C', to], { input: await packed(from) });
    assert.deepEqual(listing(join(to, 'copy')), listing(from));
    execFileSync('diff', ['-r', '--no-dereference', '--exclude', 'fifo', from, join(to, 'copy')]);
    assert.ok(statSync(join(to, 'copy/hole')).blocks <= 8, 'the hole is one');
  });

test('files with data at either end, with none, and with many holes come out the same', async (t) => {
  const [from, to] = [folder(t), folder(t)];
  const write = (name: string, size: number, ...places: readonly number[]): void => {
    const at = join(from, name);
    writeFileSync(at, '');
    truncateSync(at, size);
    const fd = openSync(at, 'r+');
    for (const place of places) writeSync(fd, `data at ${place}`, place);
    closeSync(fd);
  };
  write('nothing', 1_000_000);
  write('begin', 100_000_001, 0);
  write('end', 10_000_000, 9_999_980);
  write('both', 10_000_000, 0, 5_000_000, 9_999_980);
  // More than a map can hold: it is written whole.
  write('many', 8192 * 20_010, ...Array.from({ length: 20_010 }, (_, index) => index * 8192));
  const archive = await packed(from);
  assert.ok(archive.length < 8192 * 20_010 + 500_000, 'holes are left out');
  await using own = await open(to, 'r');
  await files.unpack({ target: own.fd }, { folder: '.', owner: 'archive' }, Readable.from([archive]));
  execFileSync('diff', ['-r', from, join(to, 'copy')]);
  for (const name of ['nothing', 'begin', 'end', 'both'])
    assert.ok(statSync(join(to, 'copy', name)).blocks <= 32, name);
});

test('what is in a folder is listed by name, with what is below it if asked, and no link is followed', async (t) => {
  const at = folder(t);
  mkdirSync(join(at, 'b/c'), { recursive: true });
  writeFileSync(join(at, 'b/c/deep\n"ü'), 'deep');
  writeFileSync(join(at, 'b.c'), '');
  symlinkSync('b', join(at, 'a'));
  symlinkSync('/', join(at, 'b/root'));
  const listed = async (path: string, recursive: boolean) => {
    const found = await Array.fromAsync(files.list(inside, path, { recursive }));
    return found.map(({ name, mode, size, target }) => [name, (mode & 0o170000).toString(8), size, target]);
  };
  const inside = await viewer(t);
  const own = [
    ['a', '120000', 1, 'b'],
    ['b', '40000', statSync(join(at, 'b')).size, null],
    ['b.c', '100000', 0, null],
  ];
  const below = [
    ['b/c', '40000', statSync(join(at, 'b/c')).size, null],
    ['b/c/deep\n"ü', '100000', 4, null],
    ['b/root', '120000', 1, '/'],
  ];
  assert.deepEqual(await listed(at, false), own);
  assert.deepEqual(await listed(at, true), [...own.slice(0, 2), ...below, ...own.slice(2)]);
  assert.equal((await listed(join(at, 'a'), false)).length, 2, 'a link to the folder');
  await assert.rejects(listed(join(at, 'b.c'), false), { reason: 'BAD_PATH', code: 'ENOTDIR' });
  await assert.rejects(listed(join(at, 'none'), false), { reason: 'PATH_NOT_FOUND', code: 'ENOENT' });
});

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const plain = { mode: 0o640, append: false, exclusive: false };

test('a file is written through links, in place, at its end, or only if it is new', async (t) => {
  const [at, inside] = [folder(t), await viewer(t)];
  const file = join(at, 'file');
  const text = () => readFileSync(file, 'utf8');
  assert.deepEqual(await files.write(inside, file, plain, bytes('first and long')), {
    bytes: 14,
    entries: 1,
  });
  assert.equal(statSync(file).mode & 0o7777, 0o640);
  symlinkSync('file', join(at, 'link'));
  const { ino } = statSync(file);
  await files.write(inside, join(at, 'link'), { ...plain, mode: 0o600 }, bytes('second'));
  assert.deepEqual([text(), statSync(file).ino, statSync(file).mode & 0o777], ['second', ino, 0o640]);
  await files.write(inside, file, { ...plain, append: true }, bytes(' third'));
  assert.equal(text(), 'second third');
  await assert.rejects(files.write(inside, file, { ...plain, exclusive: true }, bytes('no')), {
    reason: 'PATH_EXISTS',
    code: 'EEXIST',
  });
  assert.equal(text(), 'second third');
  // A link that leads nowhere is an existing name, and else what it leads to is made.
  symlinkSync('made', join(at, 'dangling'));
  const dangling = join(at, 'dangling');
  await assert.rejects(files.write(inside, dangling, { ...plain, exclusive: true }, bytes('no')), {
    code: 'EEXIST',
  });
  await files.write(inside, dangling, plain, bytes('made'));
  assert.equal(readFileSync(join(at, 'made'), 'utf8'), 'made');
  await files.write(inside, join(at, 'new'), { ...plain, mode: 0o4711, exclusive: true }, bytes('new'));
  assert.equal(statSync(join(at, 'new')).mode & 0o7777, 0o4711);
});

test('what is no file is not written to, and not opened', async (t) => {
  const [at, inside] = [folder(t), await viewer(t)];
  const fifo = join(at, 'fifo');
  execFileSync('mkfifo', [fifo]);
  writeFileSync(join(at, 'file'), 'kept');
  for (const [path, code] of [
    [at, 'EISDIR'],
    [fifo, 'EINVAL'],
    ['/dev/null', 'EINVAL'],
    [join(at, 'file/below'), 'ENOTDIR'],
    [join(at, 'none/below'), 'ENOENT'],
    ['/', 'EISDIR'],
  ])
    await assert.rejects(files.write(inside, path ?? '', plain, bytes('no')), { code }, path);
  assert.equal(readFileSync(join(at, 'file'), 'utf8'), 'kept');
});

test('a write that is given up, or whose bytes cannot be read, keeps what has come', async (t) => {
  const [at, inside] = [folder(t), await viewer(t)];
  const file = join(at, 'file');
  const begun = async () => readFileSync(file, 'utf8') === 'begun';
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('begun');
    await until('the first bytes to be written', begun);
    throw new Error('unreadable');
  }
  await assert.rejects(files.write(inside, file, plain, broken()), /unreadable/);
  assert.ok(await begun());
  const stop = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('begun');
    await until('the first bytes to be written', begun);
    stop.abort();
    await new Promise(() => {});
  }
  await assert.rejects(files.write(inside, file, plain, endless(), stop.signal), { reason: 'CANCELLED' });
});

test('folders are made, with those above them if asked', async (t) => {
  const [at, inside] = [folder(t), await viewer(t)];
  const [alone, deep] = [
    { mode: 0o1770, recursive: false },
    { mode: 0o700, recursive: true },
  ];
  await files.makeFolder(inside, join(at, 'one/'), alone);
  assert.equal(statSync(join(at, 'one')).mode & 0o7777, 0o1770);
  await assert.rejects(files.makeFolder(inside, join(at, 'one'), alone), { reason: 'PATH_EXISTS' });
  await assert.rejects(files.makeFolder(inside, join(at, 'a/b'), alone), { reason: 'PATH_NOT_FOUND' });
  for (let again = 0; again < 2; again++) await files.makeFolder(inside, join(at, 'a/b/c'), deep);
  assert.deepEqual(
    ['a', 'a/b', 'a/b/c'].map((name) => (statSync(join(at, name)).mode & 0o777).toString(8)),
    ['755', '755', '700'],
  );
  writeFileSync(join(at, 'file'), '');
  await assert.rejects(files.makeFolder(inside, join(at, 'file'), deep), { code: 'EEXIST' });
  await assert.rejects(files.makeFolder(inside, join(at, 'file/x'), deep), { code: 'ENOTDIR' });
});

test('files are removed and renamed, and never what a link leads to', async (t) => {
  const [at, inside] = [folder(t), await viewer(t)];
  const [alone, deep] = [
    { recursive: false, force: false },
    { recursive: true, force: false },
  ];
  mkdirSync(join(at, 'tree/below'), { recursive: true });
  writeFileSync(join(at, 'kept'), 'kept');
  for (const name of ['link', 'tree/below/link']) symlinkSync(at, join(at, name));
  const names = () => readdirSync(at).join(' ');
  await files.remove(inside, join(at, 'link/'), alone);
  await assert.rejects(files.remove(inside, join(at, 'link'), deep), { code: 'ENOENT' });
  await files.remove(inside, join(at, 'link'), { recursive: false, force: true });
  await files.remove(inside, join(at, 'none/below'), { recursive: false, force: true });
  await assert.rejects(files.remove(inside, join(at, 'tree'), alone), { reason: 'BAD_PATH', code: 'EISDIR' });
  assert.equal(names(), 'kept tree');
  await files.rename(inside, join(at, 'kept'), join(at, 'tree/kept'));
  await assert.rejects(files.rename(inside, join(at, 'kept'), join(at, 'x')), { code: 'ENOENT' });
  await assert.rejects(files.rename(inside, join(at, 'tree'), join(at, 'tree/below/x')), { code: 'EINVAL' });
  await files.rename(inside, join(at, 'tree'), join(at, 'moved'));
  assert.equal(readFileSync(join(at, 'moved/kept'), 'utf8'), 'kept');
  await files.remove(inside, join(at, 'moved'), deep);
  assert.equal(names(), '');
  // What has no name in a folder. A fault here must not reach further than this folder.
  for (const path of [`${at}/.`, `${at}/none/..`, `${at}/./`])
    await assert.rejects(files.remove(inside, path, deep), { code: 'EINVAL' }, path);
  assert.equal(names(), '');
});

test('what happens at a path is told, from the first event on until it is gone', async (t) => {
  const [at, inside] = [join(folder(t), 'watched'), await viewer(t)];
  mkdirSync(at);
  symlinkSync(at, `${at}-link`);
  const events = files.watch(inside, `${at}-link`);
  const next = async () => {
    const { value } = await events.next();
    return value && `${value.kind} ${value.name}`;
  };
  assert.equal(await next(), 'ready ');
  mkdirSync(join(at, 'ü"'));
  assert.equal(await next(), 'rename ü"');
  renameSync(join(at, 'ü"'), join(at, 'b'));
  assert.deepEqual([await next(), await next()], ['rename ü"', 'rename b']);
  for (const name of ['one', 'two']) writeFileSync(join(at, name), 'more');
  chmodSync(at, 0o700);
  const heard: unknown[] = [];
  while (heard.at(-1) !== 'change watched-link') heard.push(await next());
  assert.ok(heard.includes('rename one') && heard.includes('change two'), String(heard));
  rmSync(at, { recursive: true });
  await assert.rejects(
    async () => {
      for await (const _ of events);
    },
    { reason: 'PATH_NOT_FOUND', code: 'ENOENT' },
  );
  await assert.rejects(files.watch(inside, join(at, 'none')).next(), { code: 'ENOENT' });
});

test('a link is told, and followed only if asked', async (t) => {
  const at = folder(t);
  writeFileSync(join(at, 'file'), 'content');
  symlinkSync('file', join(at, 'link'));
  const facts = await files.stat(await viewer(t), join(at, 'link'), { follow: false });
  assert.equal(facts.target, 'file');
  assert.equal((await files.stat(null, join(at, 'link'), { follow: true })).size, 'content'.length);
  await assert.rejects(files.stat(null, join(at, 'none'), { follow: false }), { reason: 'PATH_NOT_FOUND' });
  const chunks: Buffer[] = [];
  for await (const chunk of files.pack(null, join(at, 'link'), { name: 'f', follow: true }))
    chunks.push(chunk);
  assert.equal(
    execFileSync('tar', ['xOf', '-', 'f'], { input: Buffer.concat(chunks) }).toString(),
    'content',
  );
});

/** The two ends of a Unix socket, for other programs. */
async function pair(t: TestContext): Promise<[Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true }).listen(join(folder(t), 's'));
  await once(server, 'listening');
  const one = new Socket().pause();
  one.connect(server.address() as string);
  const [other] = (await once(server, 'connection')) as [Socket];
  server.close();
  for (const socket of [one, other]) t.after(() => socket.destroy());
  return [one, other];
}

test('through a socket comes the same, with all holes', async (t) => {
  const [at, into] = [sample(t), folder(t)];
  const [there, here] = await pair(t);
  const [sender, receiver] = [await viewer(t), await viewer(t)];
  const [packed, unpacked] = await Promise.all([
    files.packTo(there, sender, at, { name: 'copy', follow: false }),
    files.unpackFrom(here, receiver, { folder: into, owner: 'archive' }),
  ]);
  assert.deepEqual(listing(join(into, 'copy')), listing(at));
  execFileSync('diff', ['-r', '--no-dereference', '--exclude', 'fifo', at, join(into, 'copy')]);
  assert.ok(statSync(join(into, 'copy/hole')).blocks <= 8, 'the hole is one');
  assert.deepEqual(unpacked, packed);
});

test('an end of a socket that is lost is told at the other one', async (t) => {
  const at = sample(t);
  const lost = (errno: string) => (error: LikerError) => error.metadata['errno'] === errno;
  const [there, here] = await pair(t);
  const unpacked = files.unpackFrom(here, await viewer(t), { folder: folder(t), owner: 'archive' });
  there.end(execFileSync('tar', ['cf', '-', '-C', at, 'large']).subarray(0, 5000));
  await assert.rejects(unpacked, lost('EPIPE'));
  const [one, other] = await pair(t);
  // Before anything is sent: what has come into its buffer would count as arrived.
  await once(other.destroy(), 'close');
  await assert.rejects(files.packTo(one, null, at, { name: 'copy', follow: false }), lost('EPIPE'));
});

test('changes of an upper folder are listed', async (t) => {
  const [upper, lower] = [folder(t), folder(t)];
  for (const [at, name] of [
    [lower, 'gone'],
    [lower, 'kept'],
    [upper, 'kept'],
    [upper, 'new'],
  ] as const)
    writeFileSync(join(at, name), name + at);
  execFileSync('mknod', [join(upper, 'gone'), 'c', '0', '0']);
  const changes: string[] = [];
  for await (const { kind, path } of files.changes(upper, [lower])) changes.push(`${kind} ${path}`);
  assert.deepEqual(changes, ['D /gone', 'C /kept', 'A /new']);
});

test('folders deeper than a path can be are refused, and use up no stack', async (t) => {
  const at = folder(t);
  // Each round moves what is there below 100 new folders: no path is too long.
  const below = Array(100).fill('d').join('/');
  for (let round = 0; round < 22; round++) {
    mkdirSync(join(at, `new/${below}`), { recursive: true });
    if (round > 0) renameSync(join(at, 'all'), join(at, 'new', below, 'd'));
    renameSync(join(at, 'new'), join(at, 'all'));
  }
  const refused = { message: /its path is longer than a path can be/ };
  await assert.rejects(async () => {
    for await (const _ of files.pack(null, at, { name: 'copy', follow: false }));
  }, refused);
  await assert.rejects(async () => {
    for await (const _ of files.changes(at, [folder(t)]));
  }, refused);
  await assert.rejects(async () => {
    for await (const _ of files.list(null, at, { recursive: true }));
  }, refused);
});

test('a process that has ended, and that nobody has waited for, has no files', async (t) => {
  const parent = spawn('sh', ['-c', 'sleep 0 & exec sleep 1000'], { stdio: 'ignore' });
  t.after(() => parent.kill('SIGKILL'));
  const children = `/proc/${parent.pid}/task/${parent.pid}/children`;
  let pid = 0;
  await until('the zombie', () => {
    pid = Number(readFileSync(children, 'utf8'));
    return (
      pid > 0 && fieldsOf(pid)[0] === 'Z' && readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n'
    );
  });
  const ended = { pid, startTime: fieldsOf(pid)[19] ?? '' };
  await assert.rejects(files.stat(ended, '/', { follow: false }), { reason: 'WRONG_STATE' });
});

test('a process that has ended has no files, and one that is aborted starts no helper', async (t) => {
  const at = folder(t);
  const { pid } = await viewer(t);
  await assert.rejects(files.stat({ pid, startTime: '1' }, at, { follow: false }), Error);
  const helpers: Promise<void>[] = [];
  const seen: Viewer = { ...(await viewer(t)), onHelper: (ended) => helpers.push(ended) };
  await assert.rejects(files.stat(seen, at, { follow: false }, AbortSignal.abort()), { reason: 'CANCELLED' });
  assert.equal(helpers.length, 0);
  await files.stat(seen, at, { follow: false });
  assert.equal(helpers.length, 1);
  await helpers[0];
  assert.ok(statSync(at).isDirectory());
});
