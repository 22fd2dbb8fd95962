// What a process can do that reads an archive of others, if the archive takes it over: /proc says what is left.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from '../../test/harness/until.ts';
import { tar } from './tar.ts';
import { liker } from './unpacked.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-unpack-'));
const target = join(top, 'target');
let child: ChildProcess;
let helper: number;

const status = (pid: number): Map<string, string> =>
  new Map(
    readFileSync(`/proc/${pid}/status`, 'utf8')
      .split('\n')
      .map((line) => line.split(/:\s*/, 2) as [string, string]),
  );
const pid = () => child.pid ?? assert.fail();
const fds = (of: number) =>
  readdirSync(`/proc/${of}/fd`).map(
    (fd) => `${fd} ${readlinkSync(`/proc/${of}/fd/${fd}`).replace(/\[\d+\]/, '')}`,
  );
/** Bits of linux/capability.h. */
const capability = { chown: 0, dacOverride: 1, fowner: 3, fsetid: 4, sysAdmin: 21, mknod: 27, setfcap: 31 };
const mask = (...bits: readonly number[]) =>
  bits
    .reduce((sum, bit) => sum + 2 ** bit, 0)
    .toString(16)
    .padStart(16, '0');

before(async () => {
  mkdirSync(target);
  writeFileSync(join(top, 'source'), '');
  const given = [openSync(join(top, 'source'), 'r'), openSync(target, 'r'), openSync('/', 'r')] as const;
  child = spawn(liker, [], { stdio: ['pipe', 'pipe', 'inherit', ...given] });
  for (const fd of given) closeSync(fd);
  // It waits for control lines.
  await until('it is confined', () => status(pid()).get('Seccomp') === '2');
  helper = Number(readFileSync(`/proc/${pid()}/task/${pid()}/children`, 'utf8').trim());
});

after(() => rmSync(top, { recursive: true, force: true }));

describe('the process that reads the archive', () => {
  test('has the folder of the layer as its root, in a mount namespace of its own', () => {
    assert.equal(readlinkSync(`/proc/${pid()}/root`), target);
    assert.equal(readlinkSync(`/proc/${pid()}/cwd`), target);
    assert.notEqual(readlinkSync(`/proc/${pid()}/ns/mnt`), readlinkSync('/proc/self/ns/mnt'));
  });

  test('has no rights but those to write files of any owner, in each of its threads, and gets no others', () => {
    const { sysAdmin: _, ...kept } = capability;
    const threads = readdirSync(`/proc/${pid()}/task`).map(Number);
    assert.equal(threads.length, 2);
    for (const thread of threads) {
      const of = status(thread);
      for (const set of ['CapEff', 'CapPrm']) assert.equal(of.get(set), mask(...Object.values(kept)), set);
      for (const set of ['CapInh', 'CapBnd', 'CapAmb']) assert.equal(of.get(set), mask(), set);
      assert.deepEqual([of.get('NoNewPrivs'), of.get('Seccomp')], ['1', '2']);
    }
  });

  test('has no descriptors but those that it needs', () => {
    const names = fds(pid()).map((line) => line.replace(/^\d+ /, ''));
    assert.deepEqual(
      names.slice(0, 2).map((name) => name.replace(/:$/, '')),
      ['socket', 'socket'],
    );
    assert.deepEqual(names.slice(3), [join(top, 'source'), target, 'socket:']);
  });

  test('has limits of memory, descriptors and core files', () => {
    const limits = readFileSync(`/proc/${pid()}/limits`, 'utf8');
    assert.match(limits, /Max open files +256 +256/);
    assert.match(limits, /Max core file size +0 +0/);
    assert.match(limits, /Max address space +1073741824 +1073741824/);
  });
});

test('the process that marks opaque folders has one right, and one socket', () => {
  const of = status(helper);
  for (const set of ['CapEff', 'CapPrm']) assert.equal(of.get(set), mask(capability.sysAdmin), set);
  assert.equal(of.get('CapBnd'), mask());
  assert.deepEqual(fds(helper), ['0 socket:']);
});

test('it runs no code that it did not have before: no memory becomes executable', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-unpack-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [source, library] = [join(folder, 'try.c'), join(folder, 'try.so')];
  writeFileSync(
    source,
    `#include <stdio.h>
    #include <sys/mman.h>
    #include <sys/stat.h>
    int mkdirat (int folder, const char *name, mode_t mode) {
      void *code = mmap (0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      void *data = mmap (0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      int changed = mprotect (data, 4096, PROT_READ | PROT_EXEC);
      dprintf (2, "%d %d %d", code != MAP_FAILED, data != MAP_FAILED, changed == 0);
      return -1;
    }`,
  );
  execFileSync('gcc', ['-shared', '-fPIC', '-o', library, source]);
  const into = join(folder, 'into');
  mkdirSync(into);
  const archive = openSync(join(folder, 'archive'), 'w+');
  const size = writeSync(archive, tar({ name: 'a/', type: '5' }));
  const fd = openSync(into, 'r');
  const { stderr, stdout } = spawnSync(liker, [], {
    input: `end ${size}\n`,
    env: { LD_PRELOAD: library },
    stdio: ['pipe', 'pipe', 'pipe', archive, fd],
    encoding: 'utf8',
  });
  for (const each of [archive, fd]) closeSync(each);
  assert.equal(stderr, '0 1 0', stdout);
});

test('when likerd is gone it ends, without a word, and so does the other', async () => {
  let said = '';
  child.stdout?.on('data', (bytes) => {
    said += bytes;
  });
  const ended = once(child, 'close');
  child.stdin?.end();
  const [code] = await ended;
  assert.deepEqual([code, said], [1, '']);
  await until('the other process ends', () => !readdirSync('/proc').includes(String(helper)));
});
