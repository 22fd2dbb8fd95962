// The first things that a person does: npm start, and the article's own command `liker`.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { spawn as spawnOnTerminal } from 'node-pty';

const top = join(import.meta.dirname, '..');
const home = mkdtempSync(join(tmpdir(), 'liker-start-'));
const rootfs = join(home, 'root/rootfs');
const env = {
  ...process.env,
  LIKER_ROOT: join(home, 'root'),
  LIKER_RUN: join(home, 'run'),
  LIKER_HOST: `unix://${join(home, 'run/liker.sock')}`,
  TERM: 'xterm',
};

after(async () => {
  for (const pid of daemonPids()) {
    process.kill(pid, 'SIGTERM');
    while (isRunning(pid)) await delay(10);
  }
  rmSync(home, { recursive: true, force: true });
});

/** Those whose log says that they serve. */
function daemonPids(): number[] {
  const log = join(home, 'root/likerd.log');
  if (!existsSync(log)) return [];
  const serving = readFileSync(log, 'utf8').matchAll(/serving.*\bpid=(\d+)/g);
  return [...serving].map(([, pid]) => Number(pid)).filter(isRunning);
}

/** A process that has ended but is not reaped has an empty command line. */
function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) && readFileSync(file).length > 0;
}

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: string[], input = ''): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { cwd: top, env }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

/** A program on a terminal of its own; `until` resolves when the screen's text matches, and gives what is new. */
function onTerminal(file: string, args: string[]) {
  const terminal = spawnOnTerminal(file, args, { cwd: top, env, name: 'xterm', cols: 80, rows: 24 });
  // Bash brackets pastes: what it sends for that is no text.
  const bracket = new RegExp(`${String.fromCharCode(27)}\\[\\?2004(?:h|l\\r?)`, 'g');
  const exit = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  let text = '';
  let look = (): void => {};
  terminal.onData((data) => {
    text = (text + data).replaceAll(bracket, '');
    look();
  });
  const until = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      void exit.then((code) => reject(new Error(`It ended with ${code} before ${pattern}: ${text}`)));
      look = () => {
        const end = pattern.exec(text);
        if (end === null) return;
        const seen = text.slice(0, end.index + end[0].length);
        text = text.slice(seen.length);
        look = () => {};
        resolve(seen);
      };
      look();
    });
  return { type: (keys: string) => terminal.write(keys), until, exit, rest: () => text };
}

test('npm start runs a command in a container, with its input, output and exit status', async () => {
  const { status, stdout, stderr } = await run(
    'npm',
    ['--silent', 'start', '--', 'sh', '-c', 'cat; hostname; exit 7'],
    'typed\n',
  );
  assert.equal(status, 7, stderr);
  assert.match(stdout, /^typed\n[0-9a-f]{12}\n$/);
  assert.ok(existsSync(join(rootfs, 'bin/bash')));
  assert.equal(daemonPids().length, 1);
});

test('a second npm start uses the daemon and the root file system that are there', async () => {
  const { status, stdout, stderr } = await run('npm', [
    '--silent',
    'start',
    '--',
    'echo',
    'two  words',
    '$HOME',
  ]);
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'two  words $HOME\n', stderr: '' });
  assert.equal(daemonPids().length, 1);
});

test('npm start without root is one clear line', async () => {
  const { status, stdout, stderr } = await run('unshare', ['--user', 'sh', 'scripts/start']);
  assert.deepEqual(
    { status, stdout, stderr },
    { status: 1, stdout: '', stderr: "liker: needs root: run 'sudo npm start'\n" },
  );
});

test('npm start on a terminal is an interactive bash', { timeout: 60_000 }, async () => {
  const { type, until, exit } = onTerminal('npm', ['--silent', 'start']);
  await until(/\/\]# $/);
  type('tty; stty size\r');
  assert.match(await until(/\/\]# $/), /\/dev\/pts\/0\r\n24 80\r\n/);
  type('exit 3\r');
  assert.equal(await exit, 3);
});

test("liker's transcript is the article's, and it writes through", { timeout: 60_000 }, async () => {
  const { type, until, exit, rest } = onTerminal('bin/liker', [rootfs]);
  await until(/\[root@[0-9a-f]{12} \/\]# $/);
  type('alias\r');
  assert.match(
    await until(/\/\]# $/),
    /alias\r\nalias cp='cp -i'\r\nalias mv='mv -i'\r\nalias rm='rm -i'\r\n\[/,
  );
  type('touch /made\r');
  await until(/\/\]# $/);
  type('exit\r');
  assert.equal(await exit, 0);
  assert.match(rest(), /exit\r\nexit\r\nFinished!\r\n$/);
  assert.ok(existsSync(join(rootfs, 'made')));
});

test('liker without a terminal passes input, output and status on', async () => {
  const { status, stdout, stderr } = await run(
    'bin/liker',
    [rootfs, 'sh', '-c', 'wc -c; exit 9'],
    'x'.repeat(100_000),
  );
  assert.deepEqual({ status, stdout, stderr }, { status: 9, stdout: '100000\nFinished!\n', stderr: '' });
});

test('liker passes a signal on to the container', async () => {
  const child = spawn(
    'bin/liker',
    [rootfs, 'sh', '-c', 'trap "exit 42" TERM; echo ready; sleep 1000 & wait'],
    {
      cwd: top,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exit = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.stdout.resume();
  child.kill('SIGTERM');
  assert.equal(await exit, 42);
});

test('liker refuses what is no directory', async () => {
  const { status, stderr } = await run('bin/liker', ['/no/such/root']);
  assert.equal(status, 125);
  assert.match(stderr, /^liker: Cannot run in '\/no\/such\/root': it is not a directory; .*\n$/);
});
