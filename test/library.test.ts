// The library of programs, from its sources, against the real likerd.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type Container, type ContainerOptions, Liker, LikerError, type Process } from '../library/index.ts';
import type { Lease } from '../proto/gen/types/liker/v1/Lease.ts';
import { Api } from './harness/api.ts';
import { repository } from './harness/daemon.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const s = suite({ programs: ['python3'] });

const connect = () => new Liker({ host: `unix://${s.daemon.socket}` });

function sleeper(
  liker: Liker,
  options: Partial<ContainerOptions> = {},
  signal?: AbortSignal,
): Promise<Container> {
  const common = { directory: s.rootfs, cmd: ['sleep', '1000'], network: 'none' };
  return liker.containers.run({ ...common, ...options }, { signal });
}

const reason = (wanted: string) => (error: unknown) => error instanceof LikerError && error.reason === wanted;

test('a container is there for its scope, and no longer', async () => {
  using liker = connect();
  let id = '';
  {
    await using box = await sleeper(liker, { name: 'scoped', env: { GREETING: 'hello' } });
    id = box.id;
    assert.equal((await box.inspect()).state, 'CONTAINER_STATE_RUNNING');
    const job = await box.exec(['sh', '-c', 'echo $GREETING $MORE; pwd; exit 3'], {
      env: { MORE: 'world' },
      cwd: '/tmp',
    });
    const { stdout, stderr, exit } = await job.output();
    assert.deepEqual([String(stdout), String(stderr), exit.code], ['hello world\n/tmp\n', '', 3]);
  }
  await assert.rejects(liker.containers.get(id), reason('CONTAINER_NOT_FOUND'));
});

test('bytes go both ways: Node streams, Web streams, and what is iterated', async () => {
  using liker = connect();
  await using box = await sleeper(liker);
  const large = Buffer.alloc(5_000_000, 'liker');
  const fed = await (await box.exec(['cat'], { stdin: large })).output();
  assert.ok(fed.stdout.equals(large));

  const written = await box.exec(['sh', '-c', 'cat; echo err >&2'], { stdin: true });
  written.stdin.end(large);
  const [out, err] = await Promise.all([text(written.stdout), text(written.stderr)]);
  assert.equal(out.length, large.length);
  assert.equal(err, 'err\n');

  const web = await box.exec(['tr', 'a-z', 'A-Z'], { stdin: true });
  const { stdin, stdout } = web.web;
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode('loud'));
  await writer.close();
  assert.equal(await new Response(stdout).text(), 'LOUD');

  const kinds: string[] = [];
  const parts: string[] = [];
  for await (const part of await box.exec(['sh', '-c', 'echo one; echo two >&2; exit 4'])) {
    kinds.push(part.kind);
    parts.push(part.kind === 'exit' ? String(part.status.code) : Buffer.from(part.data).toString());
  }
  assert.equal(kinds.at(-1), 'exit');
  assert.deepEqual(parts.toSorted(), ['4', 'one\n', 'two\n'].toSorted());
});

test('output that nobody reads does not hold a process, and what is left unread neither', async () => {
  using liker = connect();
  await using box = await sleeper(liker);
  const much = ['head', '-c', '3000000', '/dev/zero'];
  assert.equal((await (await box.exec(much)).exited).code, 0);
  const left = await box.exec(much);
  for await (const part of left) if (part.kind === 'stdout') break;
  assert.equal((await left.exited).code, 0);
  const destroyed = await box.exec(much);
  destroyed.stdout.destroy();
  assert.equal((await destroyed.exited).code, 0);
});

test('a terminal has its size, and takes keys and signals', async () => {
  using liker = connect();
  await using box = await sleeper(liker);
  const script = "stty size; trap 'stty size; exit 5' WINCH; echo ready; while :; do sleep 0.05; done";
  const shell = await box.exec(['bash', '-c', script], { tty: { columns: 91, rows: 17 }, stdin: true });
  let seen = '';
  shell.stdout.setEncoding('utf8').on('data', (piece: string) => {
    seen += piece;
  });
  await until('the shell to be ready', () => seen.includes('ready'));
  shell.resize({ columns: 55, rows: 11 });
  assert.equal((await shell.exited).code, 5);
  assert.match(seen, /^17 91\r\nready\r\n11 55\r\n$/);
  const sleeping = await box.exec(['sleep', '1000']);
  assert.ok(sleeping.kill('SIGTERM'));
  assert.equal((await sleeping.exited).signal, 15);
  assert.equal(sleeping.kill(), false);
});

test('the main process is attached to, and goes on when that ends', async () => {
  using liker = connect();
  const cmd = ['bash', '-c', 'while read line; do echo "got $line"; done; exit 6'];
  await using box = await sleeper(liker, { cmd, stdin: true });
  {
    await using first = await box.attach();
    first.stdin.write('one\n');
    const { value } = await first.stdout.iterator({ destroyOnReturn: false }).next();
    assert.equal(String(value), 'got one\n');
  }
  assert.equal((await box.inspect()).state, 'CONTAINER_STATE_RUNNING');
  const second = await box.attach();
  second.stdin.end('two\n');
  const { stdout, exit } = await second.output();
  assert.deepEqual([String(stdout), exit.code], ['got one\ngot two\n', 6]);
});

test('what is aborted, late or out of scope is killed', async () => {
  using liker = connect();
  await using box = await sleeper(liker);
  const sleepers = async () =>
    (await box.exec(['sh', '-c', 'grep -l "^sleep.77" /proc/[0-9]*/cmdline; true'])).output();
  const gone = () => until('the process to be gone', async () => (await sleepers()).stdout.length === 0);
  const sleep: [string[]] = [['sleep', '77']];

  const stop = new AbortController();
  const aborted = await box.exec(...sleep, { signal: stop.signal });
  const why = new Error('enough');
  stop.abort(why);
  await assert.rejects(aborted.exited, why);
  await assert.rejects(box.exec(...sleep, { signal: stop.signal }), why);
  await gone();

  const late = await box.exec(...sleep, { timeoutMs: 100 });
  const reading = text(late.stdout);
  reading.catch(() => {});
  await assert.rejects(late.exited, reason('TIMED_OUT'));
  await assert.rejects(reading, reason('TIMED_OUT'));
  await gone();

  {
    await using _ = await box.exec(...sleep);
  }
  await gone();

  const unbounded = await box.exec(['sleep', '0.1'], { timeoutMs: Number.POSITIVE_INFINITY });
  assert.equal((await unbounded.exited).code, 0);
});

test('a container does not stay whose making was given up', async () => {
  using liker = connect();
  const since = new Date();
  const stop = new AbortController();
  const made = sleeper(liker, { name: 'given-up' }, stop.signal);
  setImmediate(() => stop.abort(new Error('enough')));
  await assert.rejects(made, /enough/);
  const removal = async () => {
    for await (const { subjectName } of liker.events({ since, filters: { event: 'destroy' } }))
      if (subjectName === 'given-up') return;
  };
  await within('the removal', removal());
});

test('a volume does not stay whose making was given up, and one that was there does', async () => {
  using liker = connect();
  const since = new Date();
  await liker.volumes.create('there');
  for (const name of ['there', 'given-up']) {
    const stop = new AbortController();
    process.kill(s.daemon.pid, 'SIGSTOP');
    const made = liker.volumes.create(name, { signal: stop.signal });
    setImmediate(() => stop.abort(new Error('enough')));
    await assert.rejects(made, /enough/).finally(() => process.kill(s.daemon.pid, 'SIGCONT'));
  }
  const removals = liker.events({ since, filters: { type: 'volume', event: 'destroy' } });
  assert.equal((await within('the removal', removals.next())).value?.subjectName, 'given-up');
  await removals.return();
  await liker.volumes.remove('there');
});

test('errors have the reason of the daemon', async () => {
  using liker = connect();
  await using box = await sleeper(liker);
  await assert.rejects(sleeper(liker, { name: box.name }), reason('NAME_TAKEN'));
  await assert.rejects(liker.containers.get('none'), /containers\.list\(\{ all: true \}\) lists all/);
  await assert.rejects(liker.containers.create({ cmd: ['true'] }), reason('BAD_ARGUMENT'));
  await assert.rejects(sleeper(liker, { limits: { memory: 'much' } }), reason('BAD_ARGUMENT'));
  await assert.rejects(liker.containers.run({ image: 'none', neverPull: true }), reason('IMAGE_NOT_FOUND'));
  await assert.rejects(new Liker({ host: 'unix:///nowhere.sock' }).version(), reason('DAEMON_UNREACHABLE'));
  const missing = await (await box.exec(['no-such-program'])).exited;
  assert.equal(missing.code, 127);
  assert.match(missing.startError, /no-such-program/);
  assert.throws(() => new Liker({ host: 'tcp://here' }), reason('BAD_ARGUMENT'));
  const job = await box.exec(['true']);
  assert.throws(() => job.stdin, reason('NO_STDIN'));
  await job.exited;
});

test('waitFor: a line, a port, an answer, a command, health, the end', async () => {
  using liker = connect();
  const script =
    'sleep 0.2; echo almost; printf "now re"; sleep 0.2; echo ady; exec python3 -m http.server 47123';
  await using box = await sleeper(liker, {
    cmd: ['bash', '-c', script],
    healthCheck: { args: ['test', '-e', '/tmp'], intervalMs: 100 },
  });
  await box.waitFor({ log: /ready/, port: 47123, health: true, exec: ['test', '-d', '/tmp'] });
  const table = await (await box.exec(['cat', '/proc/net/tcp'])).output();
  assert.match(table.stdout.toString(), /:B813 .* 0A /);
  await assert.rejects(box.waitFor({ port: 1, exec: ['false'] }, { timeoutMs: 300 }), reason('TIMED_OUT'));
  await using short = await sleeper(liker, { cmd: ['sh', '-c', 'echo done'] });
  await short.wait();
  await short.waitFor({ log: 'done' });
  assert.equal((await short.waitFor({ exit: true, log: 'done' })).code, 0);
  for (const never of [{ log: 'more' }, { log: 'more', exit: true }] as const)
    await assert.rejects(short.waitFor(never), reason('WRONG_STATE'));
  const stop = new AbortController();
  const never = box.waitFor({ log: 'never' }, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(never, /enough/);
  const vain = box.waitFor({ port: 1 });
  const ended = box.waitFor({ exit: true });
  await box.kill();
  await assert.rejects(vain, reason('WRONG_STATE'));
  assert.equal((await ended).signal, 9);
});

test('stats, logs and events', async () => {
  using liker = connect();
  const since = new Date();
  const events = liker.events({ filters: { type: 'container', event: 'die' } });
  const first = events.next();
  await using box = await sleeper(liker, { cmd: ['sh', '-c', 'echo out; echo err >&2; sleep 1000'] });
  let readings = 0;
  for await (const { cpu, id } of box.stats({ intervalMs: 100 })) {
    assert.equal(id, box.id);
    readings += 1;
    if (readings === 1) continue;
    assert.equal(typeof cpu?.percent, 'number');
    break;
  }
  const lines: string[] = [];
  for await (const { stream, data } of box.logs({ follow: true })) {
    if (lines.push(`${stream} ${Buffer.from(data)}`) === 1) continue;
    await box.kill();
  }
  assert.deepEqual(lines.toSorted(), ['LOG_STREAM_STDERR err\n', 'LOG_STREAM_STDOUT out\n']);
  const died = (await within('the event', first)).value;
  assert.ok(died);
  assert.equal(died.subjectId, box.id);
  await events.return();
  const again = await Array.fromAsync(liker.events({ since, until: new Date() }));
  assert.ok(again.some(({ seq }) => seq === died.seq));
});

test('files', async () => {
  using liker = connect();
  await using box = await sleeper(liker);
  const before = Math.floor(Date.now() / 1000) * 1000;
  await box.files.mkdir('/tmp/f', { mode: 0o700 });
  await assert.rejects(box.files.mkdir('/tmp/f'), { reason: 'PATH_EXISTS', code: 'EEXIST' });
  await box.files.mkdir('/tmp/f', { recursive: true });
  const folder = await box.files.lstat('/tmp/f');
  assert.deepEqual([folder.isDirectory(), folder.mode & 0o777], [true, 0o700]);
  const bytes = Buffer.alloc(700_001, 'file');
  await box.files.writeFile('/tmp/f/large', bytes, { mode: 0o600 });
  assert.ok((await box.files.readFile('/tmp/f/large')).equals(bytes));
  const stats = await box.files.lstat('/tmp/f/large');
  assert.deepEqual([stats.isFile(), stats.size, stats.mode & 0o777], [true, bytes.length, 0o600]);
  assert.ok(stats.mtime.getTime() >= before);
  const script =
    'ln -s large /tmp/f/link; truncate -s 300000 /tmp/f/holes; printf x | dd of=/tmp/f/holes conv=notrunc bs=1 seek=200000';
  assert.equal((await (await box.exec(['bash', '-c', script])).exited).code, 0);
  assert.equal((await box.files.lstat('/tmp/f/link')).target, 'large');
  assert.ok((await box.files.readFile('/tmp/f/link')).equals(bytes));
  const holes = Buffer.alloc(300_000);
  holes.write('x', 200_000);
  assert.ok((await box.files.readFile('/tmp/f/holes')).equals(holes));
  await box.files.writeFile('/tmp/f/text', 'grüße');
  assert.equal(await text(box.files.createReadStream('/tmp/f/text')), 'grüße');
  await assert.rejects(box.files.readFile('/tmp/f'), reason('BAD_PATH'));
  await assert.rejects(box.files.readFile('/tmp/none'), reason('PATH_NOT_FOUND'));
  await box.files.mkdir('/tmp/g');
  await box.files.writeArchive('/tmp/g', box.files.readArchive('/tmp/f'));
  assert.equal(await box.files.readFile('/tmp/g/f/text', 'utf8'), 'grüße');
  // More than a message takes.
  const much = Buffer.alloc(20_000_000, 'much');
  await box.files.writeFile('/tmp/f/much', much);
  const whole = Buffer.concat(await Array.fromAsync(box.files.readArchive('/tmp/f/much')));
  await box.files.writeArchive('/tmp/g', [whole]);
  assert.ok((await box.files.readFile('/tmp/g/much')).equals(much));
});

test('folders are listed, and links followed by stat alone', async () => {
  using liker = connect();
  await using box = await sleeper(liker);
  const script = 'mkdir -p /tmp/l/b/c && echo deep > /tmp/l/b/c/d && ln -s b/c/d /tmp/l/a && mkfifo /tmp/l/e';
  assert.equal((await (await box.exec(['sh', '-c', script])).exited).code, 0);
  assert.deepEqual(await box.files.readdir('/tmp/l'), ['a', 'b', 'e']);
  const all = await box.files.readdir('/tmp/l', { recursive: true, withFileTypes: true });
  assert.deepEqual(
    all.map(({ parentPath, name, size }) => [parentPath, name, size]).filter(([, name]) => name !== 'b'),
    [
      ['/tmp/l', 'a', 5],
      ['/tmp/l/b', 'c', all.find(({ name }) => name === 'c')?.size],
      ['/tmp/l/b/c', 'd', 5],
      ['/tmp/l', 'e', 0],
    ],
  );
  assert.deepEqual(
    [all[0]?.isSymbolicLink(), all[1]?.isDirectory(), all.at(-1)?.isFIFO()],
    [true, true, true],
  );
  assert.deepEqual(await box.files.readdir('/tmp/l/b', { recursive: true }), ['c', 'c/d']);
  const [stat, lstat] = [await box.files.stat('/tmp/l/a'), await box.files.lstat('/tmp/l/a')];
  assert.deepEqual(
    [stat.isFile(), stat.target, lstat.isFile(), lstat.target],
    [true, undefined, false, 'b/c/d'],
  );
  await assert.rejects(box.files.readdir('/tmp/none'), { reason: 'PATH_NOT_FOUND', code: 'ENOENT' });
  await assert.rejects(box.files.readdir('/tmp/l/b/c/d'), { reason: 'BAD_PATH', code: 'ENOTDIR' });
  // More than a message has.
  const many = 'mkdir /tmp/many; cd /tmp/many; seq 1000 | xargs touch';
  assert.equal((await (await box.exec(['sh', '-c', many])).exited).code, 0);
  assert.equal(new Set(await box.files.readdir('/tmp/many')).size, 1000);
});

test('a process goes on while likerd is killed and comes back, and so do calls', async () => {
  using liker = connect();
  await using box = await sleeper(liker);
  const job = await box.exec(['bash', '-c', 'echo before; read line; echo after $line'], { stdin: true });
  const out = job.stdout.iterator({ destroyOnReturn: false });
  assert.equal(String((await out.next()).value), 'before\n');
  await s.daemon.kill9();
  const asked = box.inspect();
  job.stdin.end('night\n');
  await s.daemon.start();
  assert.equal(String((await within('the output', out.next())).value), 'after night\n');
  assert.equal((await job.exited).code, 0);
  assert.equal((await asked).id, box.id);
});

/** Runs a program of its own, with `liker` and `box`, a container that sleeps. */
const program = (body: string): string => `
  import { Liker } from ${JSON.stringify(join(repository, 'library/index.ts'))};
  const liker = new Liker();
  const box = await liker.containers.get(process.argv[1]);
  ${body}`;

const node = (box: Container, body: string): string[] => [
  '--no-warnings',
  '--input-type=module',
  '-e',
  program(body),
  box.id,
];

test('no handle keeps a program alive, and what it waits for does', async () => {
  using liker = connect();
  await using box = await sleeper(liker);
  const env = { ...process.env, LIKER_HOST: `unix://${s.daemon.socket}` };
  const run = async (body: string) =>
    (await promisify(execFile)(process.execPath, node(box, body), { env, timeout: 60_000 })).stdout;
  const idle = `
    const job = await box.exec(['sleep', '1000'], { stdin: true });
    const events = liker.events({ since: new Date(0) });
    await events.next();
    console.log(job.pid > 0);`;
  assert.equal(await run(idle), 'true\n');
  const waits = `const job = await box.exec(['sh', '-c', 'sleep 1; echo late; exit 3']);
    job.stdout.on('data', (data) => console.log(String(data).trim()));
    job.exited.then(({ code }) => console.log(code));`;
  assert.equal(await run(waits), 'late\n3\n');
  const writes = `
    import { once } from 'node:events';
    const job = await box.exec(['sh', '-c', 'sleep 1; wc -c'], { stdin: true });
    for (let left = 20; left > 0; left--) if (!job.stdin.write(Buffer.alloc(1_000_000))) await once(job.stdin, 'drain');
    job.stdin.end();
    console.log(String((await job.output()).stdout).trim());
    const deaf = await box.exec(['true'], { stdin: true });
    deaf.stdin.write(Buffer.alloc(20_000_000));
    console.log((await deaf.exited).code);`;
  assert.equal(await run(writes), '20000000\n0\n');
});

test('a process in a container ends with the program that started it', async () => {
  using liker = connect();
  await using box = await sleeper(liker);
  const body = `const job = await box.exec(['sleep', '88']); console.log('ready'); await job.exited;`;
  const env = { ...process.env, LIKER_HOST: `unix://${s.daemon.socket}` };
  const child = spawn(process.execPath, node(box, body), { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await within('the program', once(child.stdout, 'data'));
  child.kill('SIGKILL');
  const alive = async (): Promise<boolean> => {
    const job: Process = await box.exec(['sh', '-c', 'grep -l "^sleep.88" /proc/[0-9]*/cmdline']);
    return (await job.exited).code === 0;
  };
  await until('the process to be gone', async () => !(await alive()));
});

test('what is made with a lease goes with its program, or its scope, and outlives likerd', async () => {
  using liker = connect();
  const host = `unix://${s.daemon.socket}`;
  const body = `
    import { Liker } from ${JSON.stringify(join(repository, 'library/index.ts'))};
    const liker = new Liker({ lease: true });
    const options = { directory: process.argv[1], cmd: ['sleep', '1000'], network: 'none' };
    const box = await liker.containers.run(options);
    await liker.volumes.create('leased');
    console.log(box.id);
    setInterval(() => {}, 1000);`;
  const args = ['--no-warnings', '--input-type=module', '-e', body, s.rootfs];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, LIKER_HOST: host },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await within('the program', once(child.stdout, 'data'))) as [Buffer];
  const box = await liker.containers.get(line.toString().trim());
  await s.daemon.restart();
  assert.equal((await box.inspect()).state, 'CONTAINER_STATE_RUNNING');
  const removed = liker.events({ since: new Date(), filters: { event: 'destroy' } });
  const destroyed = removed.next();
  child.kill('SIGKILL');
  assert.equal((await within('the removal', destroyed)).value?.subjectId, box.id);
  await removed.return();
  await until('the volume to be gone', async () => (await liker.volumes.list()).length === 0);

  let id = '';
  {
    await using leasing = new Liker({ host, lease: true });
    id = (await sleeper(leasing)).id;
  }
  await assert.rejects(liker.containers.get(id), reason('CONTAINER_NOT_FOUND'));
  {
    await using bounded = new Liker({ host, lease: { ttlMs: 600_000 } });
    id = (await sleeper(bounded)).id;
    await s.daemon.restart();
    using api = new Api(s.daemon);
    const list = () => api.call<{ leases: Lease[] }>((done) => api.leases.ListLeases({}, done));
    const isHeld = ({ ttlMs, holders }: Lease) =>
      ttlMs === 600_000 && holders.some(({ connected }) => connected);
    await until('the lease to be held again', async () => (await list()).leases.some(isHeld));
  }
  await assert.rejects(liker.containers.get(id), reason('CONTAINER_NOT_FOUND'));
  {
    using left = new Liker({ host, lease: true });
    id = (await sleeper(left)).id;
  }
  const isThere = async () => (await liker.containers.list({ all: true })).some((box) => box.id === id);
  await until('the container to be gone', async () => !(await isThere()));
});

test('a program with a lease ends when it waits for nothing', async () => {
  const body = `
    import { Liker } from ${JSON.stringify(join(repository, 'library/index.ts'))};
    const liker = new Liker({ lease: { ttlMs: 600_000 } });
    const options = { directory: process.argv[1], cmd: ['true'], network: 'none' };
    console.log((await liker.containers.create(options)).name !== '');`;
  const env = { ...process.env, LIKER_HOST: `unix://${s.daemon.socket}` };
  const args = ['--no-warnings', '--input-type=module', '-e', body, s.rootfs];
  assert.equal(
    (await promisify(execFile)(process.execPath, args, { env, timeout: 60_000 })).stdout,
    'true\n',
  );
});
