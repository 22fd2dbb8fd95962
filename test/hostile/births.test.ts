// How a shim is born from a process with threads, locks, handlers and a large heap.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { useFixture } from '../../native/test/use.ts';
import { repository } from '../harness/daemon.ts';
import { readProc } from '../harness/proc.ts';
import { requires, requiresProgram } from '../harness/requires.ts';
import { hostileSuite, modes } from './modes.ts';
import { workFolder } from './root.ts';

// No birth goes on when strace is stopped, which then may wait for it without end.
const s = hostileSuite({ args: ['--spare-shims', '0'] });
const work = workFolder();

interface Call {
  readonly pid: string;
  readonly name: string;
  /** The line of strace, and the one that tells its end where calls of others lie between. */
  text: string;
}

/** All system calls of likerd and its descendants during `act`, in the order in which they began. */
async function traced(act: () => Promise<unknown>): Promise<Call[]> {
  const file = join(work, 'trace');
  const strace = spawn('strace', ['-f', '-o', file, '-p', String(s.daemon.pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const line of createInterface(strace.stderr)) if (line.includes(' attached')) break;
  strace.stderr.resume();
  await act();
  const ended = once(strace, 'exit');
  strace.kill('SIGINT');
  await ended;
  const calls: Call[] = [];
  const lines = readFileSync(file, 'utf8').matchAll(/^(\d+) +(<\.\.\. )?(\w+)(?:\(| resumed).*$/gm);
  for (const [text, pid = '', resumed, name = ''] of lines) {
    const begun = resumed && calls.findLast((call) => call.pid === pid && call.name === name);
    if (begun) begun.text += text;
    else calls.push({ pid, name, text });
  }
  return calls;
}

/** A child that shares the memory of its parent, which waits until it has executed a program or ended. */
interface Birth {
  /** The line of clone(2). */
  readonly clone: string;
  /** The calls of the parent before it. */
  readonly before: readonly Call[];
  /** The calls of the child, the last of which ends the sharing. */
  readonly calls: readonly Call[];
}

function birthsIn(calls: readonly Call[]): Birth[] {
  return calls.flatMap((clone, at) => {
    if (clone.name !== 'clone' || !clone.text.includes('CLONE_VFORK')) return [];
    const child = /= (\d+)$/.exec(clone.text)?.[1];
    const ofChild = calls.slice(at + 1).filter(({ pid }) => pid === child);
    const last = ofChild.findIndex(({ name }) => name === 'execveat' || name === 'exit');
    const before = calls.slice(0, at).filter(({ pid }) => pid === clone.pid);
    return [{ clone: clone.text, before, calls: ofChild.slice(0, last + 1) }];
  });
}

describe('the child of likerd, until it is a shim', { concurrency: 1, ...requiresProgram('strace') }, () => {
  for (const { userns, flags } of modes) {
    let traces: Promise<Birth[]> | undefined;
    // likerd tries whether a file system can be idmapped that it has not seen before.
    const unseen = join(work, userns);
    before(() => {
      mkdirSync(unseen);
      execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', unseen]);
    });
    after(() => execFileSync('umount', [unseen]));
    const births = () =>
      (traces ??= traced(() =>
        s.ok(['run', '--rm', ...flags, '-v', `${unseen}:/mnt`, s.rootfs, 'true']),
      ).then(birthsIn));
    /** Of the only one that executes a program. */
    async function birth(): Promise<Birth> {
      const [shim, ...more] = (await births()).filter(({ calls }) => calls.at(-1)?.name === 'execveat');
      assert.ok(shim && more.length === 0, JSON.stringify(await births()));
      return shim;
    }

    test(`T33: makes raw system calls only, none of which takes a lock or memory (--userns ${userns})`, async () => {
      const { calls } = await birth();
      const order = calls.map(({ name }) => name).filter((name, i, all) => name !== all[i - 1]);
      assert.deepEqual(order, [
        'rt_sigaction',
        'setsid',
        'fcntl',
        'dup3',
        'close_range',
        'chdir',
        'rt_sigprocmask',
        'execveat',
      ]);
    });

    test(`T33: or only makes a user namespace, and ends at once (--userns ${userns})`, async () => {
      const makers = (await births()).filter(({ clone }) => clone.includes('CLONE_NEWUSER'));
      assert.equal(makers.length > 0, userns === 'auto');
      for (const { calls } of makers)
        assert.deepEqual(
          calls.map(({ name }) => name),
          ['exit'],
        );
    });

    test(`T34: shares the memory of likerd, which waits (--userns ${userns})`, async () => {
      assert.match((await birth()).clone, /flags=CLONE_VM\|CLONE_PIDFD\|CLONE_VFORK\|SIGCHLD/);
    });

    test(`T35: has a stack of its own, no handlers and no pending signals of likerd (--userns ${userns})`, async () => {
      const { clone, before, calls } = await birth();
      assert.match(clone, /child_stack=0x[0-9a-f]+/);
      assert.match(
        before.at(-1)?.text ?? '',
        /rt_sigprocmask\(SIG_SETMASK, ~\[\]/,
        'all signals are blocked',
      );
      const reset = calls.filter(({ text }) => /rt_sigaction\(\w+, \{sa_handler=SIG_DFL/.test(text));
      assert.ok(reset.length >= 64, `${reset.length} signals are reset`);
      assert.match(calls.at(-2)?.text ?? '', /rt_sigprocmask\(SIG_SETMASK, \[\]/);
    });
  }
});

test('T35: a shim has nothing of likerd: no handler, no library, no environment, no file', async () => {
  const id = await s.detached([], ['sleep', '100000']);
  const { ShimPid } = (await s.inspect(id)).State;
  const status = readProc(ShimPid, 'status');
  assert.match(status, /^SigIgn:\t0+$/m);
  assert.match(status, /^SigCgt:\t0+$/m);
  assert.match(status, /^Threads:\t1$/m);
  const mapped = [...readProc(ShimPid, 'maps').matchAll(/ (\S*\/\S+)/g)].map(([, file]) => file);
  assert.deepEqual([...new Set(mapped)], ['/memfd:liker-shim']);
  assert.equal(readProc(ShimPid, 'environ'), '');
  await s.ok(['rm', '-f', id]);
});

const manyPages = requires(
  'a kernel that has pages of its own: user-mode-linux makes each a mapping of a process of the host, which may have 65,530',
  !/^model name\s*: UML$/m.test(readFileSync('/proc/cpuinfo', 'utf8')),
);

describe('in a process that does everything at once', { concurrency: 1 }, () => {
  const fixture = useFixture();

  /** Starts so many containers, each of which prints its signals and ends. */
  async function starts(count: number, beside: () => Promise<unknown> = setImmediate): Promise<void> {
    for (let i = 0; i < count; i++) {
      await using shim = await fixture().run('', { args: ['/bin/grep', '^Sig[BIC]', '/proc/self/status'] });
      await beside();
      assert.equal((await shim.peer.exit()).code, 0);
      assert.equal(
        shim.peer.text(),
        ['SigBlk', 'SigIgn', 'SigCgt'].map((name) => `${name}:\t0000000000000000\n`).join(''),
      );
    }
  }

  test('T33: threads that hold the locks of malloc and stdio stop no start', manyPages, async () => {
    const source = `
      const { parentPort } = require('node:worker_threads');
      const { writeSync, openSync } = require('node:fs');
      const sink = openSync('/dev/null', 'w');
      parentPort.on('message', () => process.exit());
      const turn = () => {
        for (let i = 0; i < 200; i++) writeSync(sink, Buffer.allocUnsafeSlow(1 + ((i * 7919) % 300000)).subarray(0, 1));
        setImmediate(turn);
      };
      turn();`;
    const workers = Array.from({ length: 4 }, () => new Worker(source, { eval: true }));
    await starts(60);
    await Promise.all(
      workers.map(async (worker) => {
        worker.postMessage('end');
        await once(worker, 'exit');
      }),
    );
  });

  test('T34: a start copies none of the pages of a large heap', manyPages, async () => {
    const page = 4096;
    const heap = Buffer.alloc(256 << 20, 1);
    const touch = (): void => {
      for (let at = 0; at < heap.length; at += page) heap[at] = (heap[at] ?? 0) + 1;
    };
    touch();
    const before = process.resourceUsage().minorPageFault;
    await starts(5);
    touch();
    // After a fork, each of the 65,536 pages would be copied at its next write.
    assert.ok(process.resourceUsage().minorPageFault - before < heap.length / page / 4);
  });

  test('T35: no start is disturbed by signals that arrive all the time', async () => {
    let handled = 0;
    const count = (): void => void handled++;
    process.on('SIGWINCH', count);
    const storm = spawn('sh', ['-c', `while kill -WINCH ${process.pid}; do :; done`]);
    try {
      await starts(60);
    } finally {
      const ended = once(storm, 'exit');
      storm.kill('SIGKILL');
      await ended;
      // The last ones are handled before the handler goes.
      await setImmediate();
    }
    assert.ok(handled > 0);
  });

  test('T36: nothing of C enters JavaScript while garbage is collected at every step', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await Promise.all(
      Array.from({ length: 8 }, () =>
        starts(6, async () => {
          await setImmediate();
          collect();
        }),
      ),
    );
  });
});

test('T36: the C code in likerd takes no function, leaves no thread and handles no signal', () => {
  const library = join(repository, 'native/build/libliker.so');
  assert.doesNotMatch(readFileSync(join(repository, 'native/include/liker.h'), 'utf8'), /\(\s*\*/);
  const symbols = execFileSync('nm', ['-D', '--undefined-only', library], { encoding: 'utf8' });
  const names = [...symbols.matchAll(/ U (\w+)/g)].map(([, name = '']) => name);
  assert.ok(names.includes('clone'));
  const forbidden =
    /^(pthread_(?!(?:create|join|sigmask)$)|thrd_|sigaction|signal|sigaltstack|timer_create|aio_|mq_notify|getaddrinfo_a)/;
  assert.deepEqual(
    names.filter((name) => forbidden.test(name)),
    [],
  );
});
