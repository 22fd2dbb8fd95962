// A user's first commands: npm start, and the article's command `liker`.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Daemon, repository } from './harness/daemon.ts';
import { NetBox } from './harness/net-box.ts';
import { terminal } from './harness/terminal.ts';
import { until } from './harness/until.ts';

// Containers have a network by default: not that of the machine which tests.
const box = await NetBox.open();
// Does not start it: that is what is tested.
const daemon = new Daemon({});
const repositoryPath = realpathSync(repository);
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
  await box.close();
});

function inBox(command: readonly string[]) {
  const [program = '', ...args] = [...box.machine.within, ...command];
  return { program, args };
}

/** Daemons whose log says that they serve. An ended one that is not reaped yet has an empty command line. */
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

function run(file: string, args: string[], input = '', given: NodeJS.ProcessEnv = env): Promise<Outcome> {
  return new Promise((resolve) => {
    const { program, args: words } = inBox([file, ...args]);
    const child = execFile(program, words, { cwd: repository, env: given }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

function onTerminal(command: readonly string[]) {
  const { program, args } = inBox(command);
  return terminal(daemon, args, { file: program, env: places, cwd: repository });
}

test('npm start runs a command in a container, with its input, output and exit status', async () => {
  const command = ['--silent', 'start', '--', 'sh', '-c', 'cat; hostname; exit 7'];
  const { status, stdout, stderr } = await run('npm', command, 'typed\n');
  assert.equal(status, 7, stderr);
  assert.match(stdout, /^typed\n[0-9a-f]{12}\n$/);
  assert.ok(existsSync(join(rootfs, 'bin/bash')));
  assert.equal(daemonPids().length, 1);
});

test('a second npm start reuses the daemon and the root file system', async () => {
  const outcome = await run('npm', ['--silent', 'start', '--', 'echo', 'two  words', '$HOME']);
  assert.deepEqual(outcome, { status: 0, stdout: 'two  words $HOME\n', stderr: '' });
  assert.equal(daemonPids().length, 1);
});

test('npm start, liker and likerctl find the daemon by LIKER_RUN and LIKER_ROOT, without LIKER_HOST', async () => {
  // The daemon's socket is below its run folder.
  assert.equal(daemon.socket, join(daemon.run, 'liker.sock'));
  for (const LIKER_HOST of [undefined, '']) {
    const given = { ...env, LIKER_HOST };
    const started = await run('npm', ['--silent', 'start', '--', 'echo', 'here'], '', given);
    assert.deepEqual(started, { status: 0, stdout: 'here\n', stderr: '' });
    const ran = await run('bin/liker', [rootfs, 'echo', 'here'], '', given);
    assert.deepEqual(ran, { status: 0, stdout: 'here\nFinished!\n', stderr: '' });
    assert.equal((await run('bin/likerctl', ['ps', '-q'], '', given)).status, 0);
  }
});

test('its containers have a network', async () => {
  const { stdout } = await run('npm', ['--silent', 'start', '--', 'sh', '-c', 'ls /sys/class/net']);
  assert.equal(stdout, 'eth0\nlo\n');
  assert.equal((await run('bin/likerctl', ['network', 'ls', '-q'])).stdout.split('\n').length, 4);
});

test('npm start without libnftables says what to install, and its containers have none', async () => {
  const places = ['root', 'run'].map((name) => join(daemon.home, `bare-${name}`));
  const [LIKER_ROOT = '', LIKER_RUN = ''] = places;
  mkdirSync(LIKER_ROOT);
  symlinkSync(rootfs, join(LIKER_ROOT, 'rootfs'));
  const given = { ...env, LIKER_ROOT, LIKER_RUN, LIKER_HOST: `unix://${join(LIKER_RUN, 's')}` };
  const script = `
    for library in $(ldconfig -p | sed -n 's/.*libnftables.* => //p'); do mount --bind /dev/null "$library"; done
    npm --silent start -- sh -c 'ls /sys/class/net'
    bin/likerctl info
    bin/likerctl run --rm -p 80:80 ${rootfs} true
    kill $(bin/likerctl info -f '{{.DaemonPid}}')`;
  const { stdout, stderr } = await run('unshare', ['--mount', 'sh', '-c', script], '', given);
  assert.match(stdout, /^lo\n/);
  assert.match(stdout, /Networks: none by default\n {2}Cannot be made: .*apt-get install libnftables1/);
  assert.match(stderr, /Cannot connect the container or publish its ports: .*apt-get install libnftables1/);
});

test('npm start on a terminal is an interactive bash', async () => {
  await using session = onTerminal(['npm', '--silent', 'start']);
  await session.waitForText(/\/\]#$/);
  await session.run('tty; stty size', /\/dev\/pts\/0\r\n24 80\r\n/);
  session.type('exit 3\r');
  assert.equal(await session.end(), 3);
});

test('the transcript of liker is that of the article, and writes reach the directory', async () => {
  await using session = onTerminal([join(repository, 'bin/liker'), rootfs]);
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

test('liker without a terminal passes input, output and status on, and writes to the directory', async () => {
  const script = 'wc -c; touch /made; exit 9';
  const outcome = await run('bin/liker', [rootfs, 'sh', '-c', script], 'x'.repeat(100_000));
  assert.deepEqual(outcome, { status: 9, stdout: '100000\nFinished!\n', stderr: '' });
  assert.ok(existsSync(join(rootfs, 'made')));
});

test('liker forwards a signal to the container', async () => {
  const script = 'trap "exit 42" TERM; echo ready; sleep 1000 & wait';
  const { program, args } = inBox(['bin/liker', rootfs, 'sh', '-c', script]);
  const child = spawn(program, args, {
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

/** Another checkout, of another version. */
function otherCheckout(version: string): string {
  const top = join(daemon.home, `checkout-${version}`);
  mkdirSync(top);
  for (const part of ['bin', 'dist', 'scripts'])
    cpSync(join(repository, part), join(top, part), { recursive: true, preserveTimestamps: true });
  for (const part of ['client', 'common', 'native', 'node_modules', 'proto'])
    symlinkSync(join(repository, part), join(top, part));
  const packageJson = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as object;
  writeFileSync(join(top, 'package.json'), JSON.stringify({ ...packageJson, version }));
  return top;
}

test('a daemon of another checkout is reported, and replaced on request', async () => {
  const [pid = 0] = daemonPids();
  const [newer, older] = [otherCheckout('99.0.0'), otherCheckout('0.0.1')];
  const ensure = (top: string, more: NodeJS.ProcessEnv = {}) =>
    run('sh', [join(top, 'scripts/ensure-daemon')], '', { ...env, ...more });
  const { stdout: id } = await run('bin/likerctl', ['run', '-d', rootfs, 'sleep', '100000']);
  const program = async (): Promise<string> =>
    (await run('bin/likerctl', ['inspect', '-f', '{{.State.Status}} {{.State.Pid}}', id.trim()])).stdout;
  const before = await program();
  assert.match(before, /^running \d+\n$/);

  const told = await ensure(newer);
  assert.equal(told.status, 0);
  const whose = `liker: the likerd at unix://${daemon.socket} (pid ${pid}, version `;
  assert.ok(told.stderr.startsWith(whose), told.stderr);
  assert.ok(
    told.stderr.includes(` is that of ${repositoryPath}, not of ${newer}; LIKER_REPLACE=1 `),
    told.stderr,
  );
  assert.deepEqual(daemonPids(), [pid]);

  const refused = await ensure(older, { LIKER_REPLACE: '1' });
  assert.equal(refused.status, 125);
  assert.match(refused.stderr, /cannot be replaced: it is newer than this one, version 0\.0\.1\n$/);
  const elsewhere = { LIKER_REPLACE: '1', LIKER_ROOT: join(daemon.home, 'elsewhere') };
  const other = await ensure(newer, elsewhere);
  assert.match(other.stderr, /cannot be replaced: it has other folders: set LIKER_ROOT=/);
  assert.deepEqual(daemonPids(), [pid]);

  const replaced = await ensure(newer, { LIKER_REPLACE: '1' });
  assert.equal(replaced.status, 0, replaced.stderr);
  assert.equal(daemonPids().length, 1);
  assert.notEqual(daemonPids()[0], pid);
  assert.equal((await run('bin/likerctl', ['version', '-f', '{{.Server.Version}}'])).stdout, '99.0.0\n');
  assert.equal(await program(), before);
  // It prints nothing about a daemon of its own checkout.
  assert.deepEqual(await ensure(newer), { status: 0, stdout: '', stderr: '' });
  await run('bin/likerctl', ['rm', '-f', id.trim()]);
});

test('a daemon that is older than the build is reported', async () => {
  const top = join(daemon.home, 'checkout-99.0.0');
  const built = new Date(Date.now() + 1000);
  utimesSync(join(top, 'dist/likerd.mjs'), built, built);
  const { stderr } = await run('sh', [join(top, 'scripts/ensure-daemon')], '', env);
  assert.match(stderr, /was started before this checkout was built last; LIKER_REPLACE=1 /);
});

test('liker refuses a path that is not a directory', async () => {
  const { status, stderr } = await run('bin/liker', ['/no/such/root']);
  assert.equal(status, 125);
  assert.match(stderr, /^liker: Cannot run in '\/no\/such\/root': it is not a directory; .*\n$/);
});
