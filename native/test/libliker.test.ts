import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import {
  attachDeviceFilter,
  attachSocketProgram,
  closeFd,
  emptyContainer,
  FileSet,
  isOpaque,
  loadShim,
  peerCredentials,
  pidfdEnded,
  pidfdOpen,
  pidfdSignal,
  trimMemory,
} from '../../daemon/native/libliker.ts';
import { startTime } from './fixture.ts';
import { needsUnified, unified } from './hierarchies.ts';

let folder = '';
before(() => {
  folder = mkdtempSync('/tmp/liker-lib-');
});
after(() => rmSync(folder, { recursive: true }));

test('T1: the copy of the shim cannot be written', () => {
  const fd = loadShim('/bin/busybox');
  assert.throws(() => {
    const again = openSync(`/proc/self/fd/${fd}`, 'r+');
    try {
      writeSync(again, 'x');
    } finally {
      closeFd(again);
    }
  }, /EPERM|EACCES|ETXTBSY/);
  closeFd(fd);
});

test('a missing shim is reported', () => {
  assert.throws(
    () => loadShim('/no/shim'),
    (error) => error instanceof LikerError && error.syscall?.errno === 'ENOENT' && error.reason === 'SYSCALL',
  );
});

test('T39: a pidfd is opened only if the process is still the same', async () => {
  const child = spawn('/bin/busybox', ['sleep', '100']);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  assert.equal(pidfdOpen(pid, '1'), null);
  const pidfd = pidfdOpen(pid, startTime(pid));
  assert.ok(pidfd !== null);
  assert.equal(pidfdEnded(pidfd), false);
  assert.equal(pidfdSignal(pidfd, 9), true);
  await once(child, 'exit');
  assert.equal(pidfdEnded(pidfd), true);
  assert.equal(pidfdSignal(pidfd, 0), false);
  closeFd(pidfd);
});

test('T39: a lack of fds does not make a process look gone', () => {
  const script = `
    import { openSync, closeSync, readFileSync } from 'node:fs';
    import { Processes } from './daemon/kernel/process/processes.ts';
    const processes = new Processes();
    const me = { pid: process.pid, startTime: readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')[19] };
    processes.kill(me, 0);
    let last;
    try { for (;;) last = openSync('/dev/null'); } catch { closeSync(last); }
    const isAlive = processes.isAlive(me);
    let told = 'gone';
    try { processes.kill(me, 0); } catch (error) { told = error.message; }
    closeSync(last - 1);
    console.log(isAlive, told);`;
  const limited = 'ulimit -n 100; exec "$0" --input-type=module -e "$1"';
  const { stdout, stderr } = spawnSync('sh', ['-c', limited, process.execPath, script], { encoding: 'utf8' });
  assert.match(stdout, /^true .*EMFILE/, stderr);
});

test('the peer of a Unix socket is known', async () => {
  const path = join(folder, 'socket');
  const server = createServer().listen(path);
  await once(server, 'listening');
  const client = connect(path);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const handle = (socket as unknown as { _handle: { fd: number } })._handle;
  assert.deepEqual(peerCredentials(handle.fd), { pid: process.pid, uid: 0, gid: 0 });
  client.destroy();
  socket.destroy();
  server.close();
});

test("a bad device filter is refused with the kernel's errno", needsUnified, () => {
  assert.throws(
    () => attachDeviceFilter(unified, Buffer.alloc(8)),
    (error) => error instanceof LikerError && error.syscall?.syscall === 'bpf',
  );
});

test('a program of a cgroup is loaded while signals come', needsUnified, async (t) => {
  const cgroup = join(unified, `liker-test-${process.pid}`);
  mkdirSync(cgroup);
  // Checking it takes the kernel a while: r0 = 1, again and again; exit.
  const program = Buffer.alloc(50_000 * 8);
  for (let at = 0; at < program.length; at += 8) program.set([0xb7, 0, 0, 0, 1], at);
  program[program.length - 8] = 0x95;
  program[program.length - 4] = 0;
  const heeded = () => {};
  process.on('SIGWINCH', heeded);
  // No child of this process: libuv drops SIGCHLD while its pipe of signals is full.
  const endless = `while kill -WINCH ${process.pid}; do :; done >/dev/null 2>&1 & echo $!`;
  const flood = Number(execFileSync('sh', ['-c', endless], { encoding: 'utf8' }));
  t.after(() => {
    process.kill(flood, 'SIGKILL');
    process.off('SIGWINCH', heeded);
    rmdirSync(cgroup);
  });
  for (let round = 0; round < 100; round++) attachSocketProgram(cgroup, program);
});

function madeFolders(name: string): string {
  const base = join(folder, name);
  for (const path of ['upper/a/b', 'work/work/incompat/volatile', 'log']) {
    mkdirSync(join(base, path), { recursive: true });
  }
  for (const path of ['upper/a/file', 'log/0.log', 'log/1.log']) writeFileSync(join(base, path), 'x');
  symlinkSync('/etc', join(base, 'upper/link'));
  return base;
}

test('the folders of a container are emptied; log and work are kept', async () => {
  const base = madeFolders('kept');
  assert.equal(await emptyContainer(base), true);
  assert.deepEqual(readdirSync(base, { recursive: true }).sort(), ['log', 'work', 'work/work']);
});

test('folders with other files in them are reported as not reusable', async () => {
  const base = madeFolders('other');
  writeFileSync(join(base, 'stray'), '');
  assert.equal(await emptyContainer(base), false);
  await assert.rejects(emptyContainer(join(folder, 'missing')), /ENOENT/);
});

test('a folder is opaque with the mark y, of the kind that is asked for', () => {
  const path = join(folder, 'opaque');
  mkdirSync(path);
  const mark = (name: string, value: string) => execFileSync('setfattr', ['-n', name, '-v', value, path]);
  assert.equal(isOpaque(path, 'user'), false);
  mark('user.overlay.opaque', 'y');
  assert.deepEqual([isOpaque(path, 'user'), isOpaque(path, 'trusted')], [true, false]);
  mark('trusted.overlay.opaque', 'y');
  assert.equal(isOpaque(path, 'trusted'), true);
  mark('user.overlay.opaque', 'x');
  mark('trusted.overlay.opaque', 'yes');
  assert.deepEqual([isOpaque(path, 'user'), isOpaque(path, 'trusted')], [false, false]);
  assert.equal(isOpaque(join(folder, 'missing'), 'trusted'), false);
});

test('memory that only the start needed is freed, and the process goes on', async () => {
  const resident = (): number =>
    Number(/RssFile:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  const before = resident();
  await trimMemory();
  assert.ok(resident() < before / 2, `${resident()} KiB of ${before}`);
  assert.equal(
    JSON.stringify({ still: [1, 'a', new Date(0)] }),
    '{"still":[1,"a","1970-01-01T00:00:00.000Z"]}',
  );
});

test('the nice value applies to one thread, is not inherited, and does not replace another priority', () => {
  const library = join(import.meta.dirname, '../../daemon/native/libliker.ts');
  const program = `
    import { execFileSync } from 'node:child_process';
    import { setPriority } from 'node:os';
    import { setNice } from '${library}';
    setPriority(Number(process.argv[1]));
    console.log(setNice(-10), execFileSync('cut', ['-d', ' ', '-f', '19', '/proc/thread-self/stat', '/proc/' + process.pid + '/stat'], { encoding: 'utf8' }));`;
  const said = (nice: number): string[] =>
    execFileSync(process.execPath, ['--input-type=module', '--eval', program, String(nice)], {
      encoding: 'utf8',
    })
      .trim()
      .split(/\s+/);
  // Whether it was set; the nice value of a child; its own.
  assert.deepEqual(said(0), ['true', '0', '-10']);
  assert.deepEqual(said(3), ['false', '3', '3']);
});

test('files are read together, and those kept open show new contents', () => {
  const [one, large] = [join(folder, 'one'), join(folder, 'large')];
  writeFileSync(one, '1');
  writeFileSync(large, 'x'.repeat(100_000));
  const set = new FileSet([one, join(folder, 'nowhere'), large]);
  assert.deepEqual(set.read(false), ['1', null, 'x'.repeat(100_000)]);
  assert.equal(set.read(true)[0], '1');
  writeFileSync(one, '22');
  rmSync(large);
  assert.deepEqual(set.read(true), ['22', null, 'x'.repeat(100_000)]);
  set.close();
  assert.deepEqual(set.read(false), ['22', null, null]);
});

test('a file known to be missing is not opened again', () => {
  const late = join(folder, 'late');
  const set = new FileSet(['/proc/self/stat', late]);
  assert.equal(set.read(false)[1], null);
  set.forgetMissing();
  writeFileSync(late, 'there');
  assert.equal(set.read(false)[1], null);
  assert.match(set.read(false)[0] ?? '', /^\d+ \(/);
});
