// Terminals: everything that a user at one expects, in a real PTY.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { childrenOf, openFiles, readProc } from './harness/proc.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { shellOnTerminal } from './harness/terminal.ts';
import { until } from './harness/until.ts';

const s = suite({ helpers: ['tty-asker'], programs: ['tmux'] });

const prompt = /#$/;

describe('the terminal of a process', { concurrency: 4 }, () => {
  test('is /dev/pts/0, and stty size is right at the first instruction', async () => {
    await using terminal = s.terminal(
      ['run', '-it', '--rm', s.rootfs, 'sh', '-c', 'stty size; tty; ls /dev/pts'],
      {
        cols: 123,
        rows: 45,
      },
    );
    assert.equal(await terminal.end(), 0);
    assert.equal(terminal.history(), '45 123\n/dev/pts/0\n0  ptmx');
  });

  test('of an exec is the next one, with its own size', async () => {
    const id = await s.detached(['-t'], ['sleep', '1000']);
    await using terminal = s.terminal(['exec', '-it', id, 'sh', '-c', 'stty size; tty'], {
      cols: 99,
      rows: 11,
    });
    assert.equal(await terminal.end(), 0);
    assert.equal(terminal.history(), '11 99\n/dev/pts/1');
    await s.ok(['rm', '-f', id]);
  });

  test('is not open in likerd while clients are attached (T29)', async () => {
    const id = await s.detached(['-t'], ['sleep', '1000']);
    await using main = s.terminal(['attach', id]);
    await using exec = s.terminal(['exec', '-it', id, 'sh', '-c', 'echo ready; exec sleep 1000']);
    await exec.waitForText('ready');
    await until('both clients', async () => (await s.inspect(id)).AttachedClients === 1);
    const held = openFiles(s.daemon.pid).filter((file) => /^\/dev\/(pts\/|ptmx|tty)/.test(file));
    assert.deepEqual(held, []);
    await s.ok(['rm', '-f', id]);
    await Promise.all([main.exit, exec.exit]);
  });

  test('a new window size arrives with SIGWINCH', async () => {
    await using terminal = s.terminal(['run', '-it', '--rm', s.rootfs, 'tty-asker'], { cols: 80, rows: 24 });
    await terminal.waitForText('size 80 24');
    terminal.resize(132, 50);
    await terminal.waitForText('size 132 50');
    terminal.resize(20, 5);
    await terminal.waitForText('size 20 5');
    terminal.type('q\r');
    assert.equal(await terminal.end(), 0);
  });

  test('the size in pixels can be set through the API', async () => {
    const size = { columns: 100, rows: 30, xPixels: 1000, yPixels: 600 };
    const session = s.api.run(s.spec(['tty-asker'], { tty: true, openStdin: true, terminalSize: size }));
    await session.waitFor('size 100 30 1000 600');
    session.send({ resize: { columns: 50, rows: 20, xPixels: 555, yPixels: 444 } });
    await session.waitFor('size 50 20 555 444');
    session.type('q\n');
    assert.equal((await session.exit()).code, 0);
  });

  test('UTF-8 passes in both directions', async () => {
    const text = 'zażółć gęślą jaźń · 漢字 · 🎉 · é';
    await using terminal = s.terminal([
      'run',
      '-it',
      '--rm',
      '-e',
      'LANG=C.UTF-8',
      s.rootfs,
      'bash',
      '--norc',
    ]);
    await terminal.waitForText(prompt);
    await terminal.run(`echo "<${text}>" | tee /dev/stderr | wc -c`, `${Buffer.byteLength(text) + 3}`);
    assert.ok(terminal.history().includes(`<${text}>`), terminal.history());
    terminal.type('exit\r');
    await terminal.end();
  });

  test('in raw mode every byte value passes unchanged (T30)', async () => {
    const session = s.api.run(
      s.spec(['sh', '-c', 'stty raw -echo; echo ready; head -c 512'], { tty: true, openStdin: true }),
    );
    await session.waitFor('ready');
    const all = Buffer.from(Array.from({ length: 512 }, (_, index) => index & 255));
    session.type(all);
    assert.equal((await session.exit()).code, 0);
    assert.ok(session.stdout.subarray(-512).equals(all));
  });

  test('a paste of 256 KiB arrives whole while the program reads slowly (T28)', async () => {
    const session = s.api.run(
      s.spec(['sh', '-c', 'stty raw -echo; echo ready; sleep 0.5; head -c 262144 | md5sum'], {
        tty: true,
        openStdin: true,
      }),
    );
    await session.waitFor('ready');
    const { createHash, randomBytes } = await import('node:crypto');
    const data = randomBytes(262_144);
    for (let at = 0; at < data.length; at += 16_384) session.type(data.subarray(at, at + 16_384));
    assert.equal((await session.exit()).code, 0);
    assert.ok(session.stdout.toString().includes(createHash('md5').update(data).digest('hex')));
  });
});

describe('a shell', { concurrency: 4 }, () => {
  test('has job control: Ctrl-Z, bg, fg, Ctrl-C, Ctrl-D', async () => {
    await using terminal = s.terminal(['run', '-it', '--rm', '--name', 'jobs', s.rootfs, 'bash', '--norc']);
    await terminal.waitForText(prompt);
    assert.doesNotMatch(terminal.history(), /job control/);
    terminal.type('sleep 1000\r');
    // After its exec, which the shell does once its process group is in the foreground.
    await until('sleep', async () => /\bsleep 1000/.test(await s.ok(['top', 'jobs'])));
    await terminal.run('\x1a', /Stopped\s+sleep 1000[\s\S]*# $/);
    await terminal.run('bg', /sleep 1000 &[\s\S]*# $/);
    await terminal.run('jobs', /Running\s+sleep 1000[\s\S]*# $/);
    terminal.type('fg\r');
    await terminal.waitForText(/fg\nsleep 1000$/);
    terminal.type('\x03');
    await terminal.waitForText(/\^C\n.*#$/);
    await terminal.run('echo code=$?', /code=130/);
    await terminal.run('cat', /\r\n/);
    terminal.type('typed\r');
    await terminal.waitForText(/typed\ntyped$/);
    terminal.type('\x04');
    await terminal.run('echo cat=$?', /cat=0/);
    terminal.type('\x04');
    assert.equal(await terminal.end(), 0);
  });

  test('Ctrl-C and Ctrl-\\ end a command that is not a shell', async () => {
    for (const [key, code] of [
      ['\x03', 130],
      ['\x1c', 131],
    ] as const) {
      await using terminal = s.terminal([
        'run',
        '-it',
        '--rm',
        s.rootfs,
        'sh',
        '-c',
        'echo ready; exec sleep 1000',
      ]);
      await terminal.waitForText('ready');
      terminal.type(key);
      assert.equal(await terminal.end(), code);
    }
  });

  test('vi edits a file', async () => {
    const folder = s.folder('vi');
    await using terminal = s.terminal([
      'run',
      '-it',
      '--rm',
      '-v',
      `${folder}:/data`,
      s.rootfs,
      'vi',
      '/data/file',
    ]);
    await terminal.waitForText(/^~$/m, () => terminal.screen());
    terminal.type('ihello from vi\x1b:wq\r');
    assert.equal(await terminal.end(), 0);
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'hello from vi\n');
  });

  test('less pages', async () => {
    await using terminal = s.terminal(['run', '-it', '--rm', s.rootfs, 'sh', '-c', 'seq 1000 | less'], {
      rows: 10,
    });
    await terminal.waitForText(/^9\n:$/m, () => terminal.screen());
    terminal.type('G');
    await terminal.waitForText(/^1000\n/m, () => terminal.screen());
    terminal.type('q');
    assert.equal(await terminal.end(), 0);
  });

  test('top shows only the processes of the container', async () => {
    await using terminal = s.terminal(['run', '-it', '--rm', s.rootfs, 'top']);
    await terminal.waitForText(/PID USER[\s\S]*\btop\b/, () => terminal.screen());
    assert.match(terminal.screen(), /Tasks:\s+2 total/);
    terminal.type('q');
    assert.equal(await terminal.end(), 0);
  });

  test('tmux works inside', requiresProgram('tmux'), async () => {
    await using terminal = s.terminal([
      'run',
      '-it',
      '--rm',
      '-e',
      'LANG=C.UTF-8',
      s.rootfs,
      'tmux',
      '-f/dev/null',
      'new',
      'bash --norc',
    ]);
    await terminal.waitForText(/^.*#$/m, () => terminal.screen());
    terminal.type('tty; stty size\r');
    await terminal.waitForText(/\/dev\/pts\/1\n23 80/, () => terminal.screen());
    terminal.resize(100, 40);
    await until(
      'tmux to follow the size',
      async () => {
        terminal.type('clear; stty size\r');
        await terminal.waitForText(/^\d+ \d+$/m, () => terminal.screen());
        return terminal.screen().includes('39 100');
      },
      { everyMs: 200 },
    );
    terminal.type('exit\r');
    assert.equal(await terminal.end(), 0);
  });
});

describe('with and without -i and -t', { concurrency: 4 }, () => {
  test('-t without -i shows output as a terminal and reads nothing', async () => {
    const { code, stdout } = await s.run(
      ['-t'],
      ['sh', '-c', 'tty; echo two; timeout 0.2 head -1; echo nothing typed'],
      { stdin: 'typed\n' },
    );
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '/dev/pts/0\r\ntwo\r\nnothing typed\r\n' });
  });

  test('-it without a terminal prints one line and exits with 1', async () => {
    for (const args of [
      ['run', '-it', '--rm', s.rootfs, 'true'],
      ['exec', '-it', 'x', 'true'],
    ]) {
      const { code, stdout, stderr } = await s.likerctl(args);
      assert.deepEqual(
        { code, stdout, stderr },
        { code: 1, stdout: '', stderr: 'the input device is not a TTY\n' },
      );
    }
  });

  test('-d with -t runs on a terminal that nobody watches; attach shows its output', async () => {
    const id = await s.detached(['-dit'], ['bash', '--norc']);
    await using terminal = s.terminal(['attach', id]);
    await terminal.waitForText(prompt);
    await terminal.run('tty; stty size', /\/dev\/pts\/0\r\n24 80/);
    terminal.type('exit 5\r');
    assert.equal(await terminal.end(), 5);
    await s.ok(['rm', id]);
  });

  test('-i on a terminal without -t does not change the terminal', async () => {
    await using terminal = s.terminal(['run', '-i', '--rm', s.rootfs, 'cat']);
    await until('a container', async () => (await s.ok(['ps', '-q', '--filter', 'status=running'])) !== '');
    terminal.type('line\r');
    await terminal.waitForText('line\nline');
    terminal.type('\x04');
    assert.equal(await terminal.end(), 0);
  });
});

describe('detaching and returning', { concurrency: 4 }, () => {
  test('Ctrl-] Ctrl-] detaches; attach replays the last output and continues in the same shell', async () => {
    await using first = s.terminal(['run', '-it', '--name', 'come-back', s.rootfs, 'bash', '--norc']);
    await first.waitForText(prompt);
    await first.run('x=kept; echo before', /before\r\n/);
    first.type('\x1d\x1d');
    assert.equal(await first.end(), 0);
    assert.equal((await s.inspect('come-back')).State.Status, 'running');
    await using second = s.terminal(['attach', 'come-back']);
    await second.waitForText(/before\n/);
    await second.run('echo $x $$', /kept 2\r\n/);
    second.type('exit 6\r');
    assert.equal(await second.end(), 6);
    await s.ok(['rm', 'come-back']);
  });

  test('an exec session can be detached and found again', async () => {
    const id = await s.detached([], ['sleep', '1000']);
    await using first = s.terminal(['exec', '-it', id, 'bash', '--norc']);
    await first.waitForText(prompt);
    await first.run('y=exec-kept; echo before', /before\r\n/);
    first.type('\x1d\x1d');
    assert.equal(await first.end(), 0);
    const [exec = ''] = (await s.inspect(id)).ExecIDs;
    await using second = s.terminal(['attach', '--exec', exec.slice(0, 12), id]);
    await second.waitForText(/before\n/);
    await second.run('echo $y', /exec-kept\r\n/);
    second.type('exit 7\r');
    assert.equal(await second.end(), 7);
    await s.ok(['rm', '-f', id]);
  });

  test('a single press of the prefix is passed on, after a moment or with the next key', async () => {
    await using terminal = s.terminal([
      'run',
      '-it',
      '--rm',
      s.rootfs,
      'sh',
      '-c',
      // dd passes each key on at once, and ends after four.
      'stty raw -echo; echo ready; dd bs=1 count=4 2>/dev/null | cat -v',
    ]);
    await terminal.waitForText('ready');
    terminal.type('\x1dx');
    await terminal.waitForText(/\^\]x$/);
    terminal.type('\x1d');
    await terminal.waitForText(/\^\]x\^\]$/);
    terminal.type('q');
    assert.equal(await terminal.end(), 0);
    assert.match(terminal.history(), /\^\]x\^\]q$/);
  });

  test('an empty --detach-keys disables them, and others replace them', async () => {
    await using off = s.terminal([
      'run',
      '-it',
      '--rm',
      '--detach-keys',
      '',
      s.rootfs,
      'sh',
      '-c',
      'stty -echo; echo ready; cat -v',
    ]);
    await off.waitForText('ready');
    off.type('\x1d\x1d\r');
    await off.waitForText('^]^]');
    off.type('\x04');
    assert.equal(await off.end(), 0);

    await using other = s.terminal([
      'run',
      '-it',
      '--name',
      'keys',
      '--detach-keys',
      'ctrl-p,q',
      s.rootfs,
      'sh',
      '-c',
      'stty -echo; echo ready; cat -v',
    ]);
    await other.waitForText('ready');
    other.type('\x1d\x1d\x10\x10z\r');
    await other.waitForText('^]^]^P^Pz');
    other.type('\x10q');
    assert.equal(await other.end(), 0);
    assert.equal((await s.inspect('keys')).State.Status, 'running');
    await s.ok(['rm', '-f', 'keys']);
  });

  test('several clients see the same and type into the same terminal; a read-only one only watches', async () => {
    const id = await s.detached(['-it'], ['bash', '--norc']);
    await using one = s.terminal(['attach', id]);
    await using two = s.terminal(['attach', id]);
    await using watcher = s.terminal(['attach', '--no-stdin', id]);
    for (const client of [one, two, watcher]) await client.waitForText(prompt);
    assert.equal((await s.inspect(id)).AttachedClients, 3);
    one.type('echo from-$((1+0))\r');
    for (const client of [one, two, watcher]) await client.waitForText('from-1');
    watcher.type('echo from-$((2+1))\r');
    two.type('echo from-$((1+1))\r');
    for (const client of [one, two, watcher]) await client.waitForText('from-2');
    assert.doesNotMatch(one.history(), /from-3/);
    two.type('exit 3\r');
    for (const client of [one, two, watcher]) assert.equal(await client.end(), 3);
    await s.ok(['rm', id]);
  });

  test('--no-replay shows only new output', async () => {
    const id = await s.detached(['-it'], ['bash', '--norc']);
    await s.ok(['exec', id, 'sh', '-c', 'true']);
    await using one = s.terminal(['attach', id]);
    await one.waitForText(prompt);
    await one.run('echo old', /old\r\n/);
    await using two = s.terminal(['attach', '--no-replay', id]);
    await until('two clients', async () => (await s.inspect(id)).AttachedClients === 2);
    one.type('echo new\r');
    await two.waitForText(/new\n/);
    assert.doesNotMatch(two.history(), /old/);
    await s.ok(['rm', '-f', id]);
  });
});

describe("the user's terminal is restored", { concurrency: 3 }, () => {
  /** Runs likerctl in a shell on a terminal and compares stty before and after. */
  async function compare(
    args: string,
    during: (
      pid: number,
      type: (keys: string) => void,
      see: (text: string) => Promise<unknown>,
    ) => Promise<void>,
  ): Promise<number> {
    const folder = mkdtempSync(join(s.folder('stty'), 'a-'));
    const script = `stty -a >${folder}/before; likerctl ${args}; code=$?; stty -a >${folder}/after; echo; echo code:$code`;
    await using terminal = shellOnTerminal(s.daemon, script);
    const pid = await until('likerctl', () =>
      childrenOf(terminal.pty.pid).find((child) =>
        /build\/likerctl|boot\.cjs/.test(readProc(child, 'cmdline')),
      ),
    );
    await during(
      pid,
      (keys) => terminal.type(keys),
      (text) => terminal.waitForText(text),
    );
    await terminal.waitForText(/code:\d+/);
    const code = Number(/code:(\d+)/.exec(terminal.history())?.[1]);
    assert.equal(readFileSync(join(folder, 'after'), 'utf8'), readFileSync(join(folder, 'before'), 'utf8'));
    return code;
  }
  const shell = () => `run -it --rm ${s.rootfs} sh -c "echo ready; cat"`;

  test('at a normal exit, and at an exit code', async () => {
    assert.equal(
      await compare(`run -it --rm ${s.rootfs} sh -c "read x; exit 7"`, async (_pid, type) => type('\r')),
      7,
    );
  });

  test('when the engine refuses the command', async () => {
    const folder = s.folder('refused');
    await using terminal = shellOnTerminal(
      s.daemon,
      `stty -a >${folder}/before; likerctl run -it --rm /no/such/root; code=$?; stty -a >${folder}/after; echo code:$code`,
    );
    await terminal.waitForText('code:125');
    assert.equal(readFileSync(join(folder, 'after'), 'utf8'), readFileSync(join(folder, 'before'), 'utf8'));
  });

  test('at detach', async () => {
    assert.equal(
      await compare(`run -it --name left ${s.rootfs} sh -c "echo ready; cat"`, async (_pid, type, see) => {
        await see('ready');
        type('\x1d\x1d');
      }),
      0,
    );
    await s.ok(['rm', '-f', 'left']);
  });

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    test(`at ${signal}`, async () => {
      assert.equal(
        await compare(
          `run -it --name by-${signal} ${s.rootfs} sh -c "echo ready; cat"`,
          async (pid, _type, see) => {
            await see('ready');
            process.kill(pid, signal);
          },
        ),
        code,
      );
      await s.ok(['rm', '-f', `by-${signal}`]);
    });
  }

  test("after detaching from a program that has changed the terminal's modes", async () => {
    assert.equal(
      await compare(
        shell().replace('echo ready', String.raw`printf '\\033[?1049h\\033[?25l\\033[?1000hready'`),
        async (_pid, type, see) => {
          await see('ready');
          type('\x1d\x1d');
        },
      ),
      0,
    );
    const [id = ''] = (await s.ok(['ps', '-q'])).split('\n');
    if (id !== '') await s.ok(['rm', '-f', id]);
  });
});

test('a background program that keeps the terminal open does not outlive it (T25)', async () => {
  const { code, stdout } = await s.run(['-t'], ['bash', '-c', 'sleep 1000 & echo done; exit 3'], {
    hangMs: 20_000,
  });
  assert.deepEqual({ code, stdout }, { code: 3, stdout: 'done\r\n' });
});

test('output before the slave is closed is read to its last byte (T22, T23, T24)', async () => {
  for (let round = 0; round < 10; round++) {
    const session = s.api.run(
      s.spec(['sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x; printf END'], { tty: true }),
    );
    assert.equal((await session.exit()).code, 0);
    assert.equal(session.stdout.length, 100_003);
    assert.equal(session.gaps, 0);
  }
});
