// The first things that a person does: npm start, and the article's own command `liker`.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Daemon, repository } from './harness/daemon.ts';
import { terminal } from './harness/terminal.ts';
import { until } from './harness/until.ts';

// Not started here: that is what is tested.
const daemon = new Daemon({});
const rootfs = join(daemon.root, 'rootfs');
const places = {
  LIKER_ROOT: daemon.root,
  LIKER_RUN: daemon.run,
  LIKER_HOST: `unix://${daemon.socket}`,
};
const env = { ...process.env, ...places };

after(async () => {
  for (const pid of daemonPids()) process.kill(pid, 'SIGTERM');
  await until('the end of likerd', () => daemonPids().length === 0);
  await daemon.destroy();
});

/** Those whose log says that they serve. One that has ended but is not reaped has an empty command line. */
function daemonPids(): number[] {
  const log = join(daemon.root, 'likerd.log');
  if (!existsSync(log)) return [];
  const serving = [...readFileSync(log, 'utf8').matchAll(/serving.*\bpid=(\d+)/g)].map(([, pid]) =>
    Number(pid),
  );
  return serving.filter(
    (pid) => existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`).length > 0,
  );
}

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: string[], input = ''): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { cwd: repository, env }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

function onTerminal(file: string, args: string[]) {
  return terminal(daemon, args, { file, env: places, cwd: repository });
}

test('npm start runs a command in a container, with its input, output and exit status', async () => {
  const command = ['--silent', 'start', '--', 'sh', '-c', 'cat; hostname; exit 7'];
  const { status, stdout, stderr } = await run('npm', command, 'typed\n');
  assert.equal(status, 7, stderr);
  assert.match(stdout, /^typed\n[0-9a-f]{12}\n$/);
  assert.ok(existsSync(join(rootfs, 'bin/bash')));
  assert.equal(daemonPids().length, 1);
});

test('a second npm start uses the daemon and the root file system that are there', async () => {
  const outcome = await run('npm', ['--silent', 'start', '--', 'echo', 'two  words', '$HOME']);
  assert.deepEqual(outcome, { status: 0, stdout: 'two  words $HOME\n', stderr: '' });
  assert.equal(daemonPids().length, 1);
});

test('npm start without root is one clear line', async () => {
  const outcome = await run('unshare', ['--user', 'sh', 'scripts/start']);
  assert.deepEqual(outcome, { status: 1, stdout: '', stderr: "liker: needs root: run 'sudo npm start'\n" });
});

test('npm start on a terminal is an interactive bash', async () => {
  await using session = onTerminal('npm', ['--silent', 'start']);
  await session.waitForText(/\/\]#$/);
  await session.run('tty; stty size', /\/dev\/pts\/0\r\n24 80\r\n/);
  session.type('exit 3\r');
  assert.equal(await session.end(), 3);
});

test("liker's transcript is the article's, and it writes through", async () => {
  await using session = onTerminal(join(repository, 'bin/liker'), [rootfs]);
  await session.waitForText(/\/\]#$/);
  await session.run('alias', /rm -i'\s+\S+root@\S+ \/\]#/);
  await session.run('exit', /Finished!\r\n$/);
  assert.equal(await session.end(), 0);
  const [prompt = '', ...transcript] = session.history().split('\n');
  assert.match(prompt, /^\[root@[0-9a-f]{12} \/\]# alias$/);
  assert.deepEqual(transcript, [
    "alias cp='cp -i'",
    "alias mv='mv -i'",
    "alias rm='rm -i'",
    prompt.replace('alias', 'exit'),
    'exit',
    'Finished!',
  ]);
});

test('liker passes input, output and status on without a terminal, and writes to the directory', async () => {
  const script = 'wc -c; touch /made; exit 9';
  const outcome = await run('bin/liker', [rootfs, 'sh', '-c', script], 'x'.repeat(100_000));
  assert.deepEqual(outcome, { status: 9, stdout: '100000\nFinished!\n', stderr: '' });
  assert.ok(existsSync(join(rootfs, 'made')));
});

test('liker passes a signal on to the container', async () => {
  const script = 'trap "exit 42" TERM; echo ready; sleep 1000 & wait';
  const child = spawn('bin/liker', [rootfs, 'sh', '-c', script], {
    cwd: repository,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
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
