// 20,000 calls that no library would make, from a seed (LIKER_FUZZ_SEED): afterwards likerd is as it was before.
import assert from 'node:assert/strict';
import { type ClientHttp2Session, connect } from 'node:http2';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Known } from '../fuzz/messages.ts';
import { Random } from '../fuzz/random.ts';
import { readProc, residentBytes } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';
import { type Answer, makeCall } from './hostile-client/call.ts';
import { hangMs, nextCall } from './hostile-client/calls.ts';
import { misbehave } from './hostile-client/connection.ts';

const seed = Number(process.env['LIKER_FUZZ_SEED'] ?? 1);
const calls = Number(process.env['LIKER_HOSTILE_CALLS'] ?? 20_000);
const parallel = 48;
const connections = 6;
/** A call in so many is a connection of its own, with bytes that are no calls. */
const connectionEvery = 20;
/** More containers would slow down the lists of all of them. */
const mostContainers = 40;

const s = suite({
  // Calls may make networks.
  within: ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"'],
  // The resolver's, once a container is on one of them.
  mayKeep: ['socket:', 'socket:'],
});

const stopTimes = [
  'ContainerSpec.stopTimeoutSeconds',
  'StopContainerRequest.timeoutSeconds',
  'RestartContainerRequest.timeoutSeconds',
];

/** Codes of gRPC. */
const ok = 0;
const unknown = 2;
const invalidArgument = 3;
const internal = 13;

/** Lists, fields and folders in which whatever is accepted stays within the test's own folders. */
function knownOf(ids: readonly string[]): Known {
  const inside = [
    s.rootfs,
    join(s.daemon.home, 'volume'),
    join(s.daemon.home, 'missing'),
    '',
    'relative',
    '/nonexistent/a',
  ];
  return {
    texts: ids,
    fields: {
      'Rootfs.directory': [s.rootfs, s.rootfs, s.rootfs, join(s.daemon.home, 'missing'), '', 'relative'],
      'Mount.source': inside,
      'Device.hostPath': ['/dev/null', '/dev/nonexistent', '', 'dev'],
      'ContainerSpec.cgroupParent': ['', '..', 'a/../b', '/'],
      // likerd connects to it.
      'CheckCredentialsRequest.registry': [
        '127.0.0.1:9',
        '127.0.0.1:99999',
        '[::::]',
        'a b',
        '..',
        'a\0b',
        '',
      ],
      // A stop has the container's turn for so long, and calls that wait for their turn would seem to hang.
      ...Object.fromEntries(stopTimes.map((field) => [field, [0, 1, 2]])),
    },
  };
}

/** A connection that is opened anew when the server has ended it. */
class Line {
  #session: ClientHttp2Session | null = null;

  session(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect('http://localhost', {
      createConnection: () => createConnection(s.daemon.socket),
    });
    session.on('error', () => {});
    this.#session = session;
    return session;
  }

  drop(): void {
    this.#session?.destroy();
  }
}

async function ids(): Promise<string[]> {
  const answer = await s.api.call<{ containers: { id: string }[] }>((done) =>
    s.api.containers.ListContainers({ all: true, pageSize: 1000 }, done as never),
  );
  return answer.containers.map(({ id }) => id);
}

async function removeAll(): Promise<void> {
  for (const container of await ids())
    await s.api
      .call((done) => s.api.containers.RemoveContainer({ container, force: true }, done as never))
      .catch(() => {});
}

/** User and system time of a process. */
function cpuSeconds(pid: number): number {
  const fields = readProc(pid, 'stat').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What is wrong with an answer; null: nothing. */
function complaint({ call, code, message }: Answer): string | null {
  if (code === internal || code === unknown) return `${call.path} answers ${code}: ${message}`;
  if (/\n\s+at |node_modules|\.m?[tj]s:\d+/.test(message))
    return `${call.path} tells of the source: ${message}`;
  return null;
}

/** Makes calls with these numbers. Each follows from the seed and its number, except for the ids that it names. */
async function attack(
  first: number,
  count: number,
): Promise<{ complaints: string[]; codes: Map<number | null, number> }> {
  const lines = Array.from({ length: connections }, () => new Line());
  const complaints: string[] = [];
  const codes = new Map<number | null, number>();
  let next = first;
  let known = knownOf([]);
  let sweeping: Promise<void> | null = null;
  const base = { rootfs: { directory: s.rootfs }, process: { args: ['sleep', '1000'] } };

  async function sweep(): Promise<void> {
    const found = await ids();
    if (found.length > mostContainers) await removeAll();
    known = knownOf(found.slice(0, mostContainers));
  }

  async function worker(): Promise<void> {
    while (next < first + count) {
      const number = next++;
      const random = new Random(seed * 1_000_003 + number);
      if (number % 250 === 0 && sweeping === null)
        sweeping = sweep().finally(() => {
          sweeping = null;
        });
      if (random.oneIn(connectionEvery)) {
        await misbehave(s.daemon.socket, random, 100);
        continue;
      }
      const line = random.pick(lines);
      const call = nextCall(random, known, base);
      const started = Date.now();
      const answer = await makeCall(line.session(), call);
      codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
      const wrong = complaint(answer);
      if (wrong !== null) complaints.push(`call ${number}: ${wrong}`);
      if (answer.code === null && Date.now() - started >= hangMs)
        complaints.push(`call ${number}: ${call.path} hangs`);
      if (random.oneIn(400)) line.drop();
    }
  }

  await Promise.all(Array.from({ length: parallel }, worker));
  if (sweeping) await sweeping;
  for (const line of lines) line.drop();
  return { complaints, codes };
}

/** The memory that likerd needs when nothing is left to do. */
async function settledMemory(): Promise<number> {
  await removeAll();
  await until('the end of all containers', async () => (await ids()).length === 0);
  let least = Number.POSITIVE_INFINITY;
  let since = 0;
  await until(
    'memory at rest',
    () => {
      const now = residentBytes(s.daemon.pid);
      since = now < least ? 0 : since + 1;
      least = Math.min(least, now);
      return since >= 10;
    },
    { everyMs: 200 },
  );
  return least;
}

test(`${calls} hostile calls and connections change nothing (seed ${seed})`, {
  timeout: 600_000,
}, async (t) => {
  // The first half fills caches, compiles code and lets the heap grow to its size.
  const half = calls / 2;
  const warm = await attack(0, half);
  const before = await settledMemory();
  const main = await attack(half, half);
  const after = await settledMemory();
  const codes = [warm, main].map((part) =>
    [...part.codes].sort(([a], [b]) => Number(a) - Number(b)).join(' '),
  );
  const cpu = cpuSeconds(s.daemon.pid);
  t.diagnostic(
    `answers by code: ${codes.join(' | ')}; memory ${before >> 20} → ${after >> 20} MiB; CPU ${cpu} s`,
  );
  assert.deepEqual([...warm.complaints, ...main.complaints].slice(0, 20), [], `seed ${seed}`);
  // Each part has come as far as the engine: some calls succeed, and some are refused for their arguments.
  for (const { codes: seen } of [warm, main])
    assert.ok(seen.has(ok) && seen.has(invalidArgument), codes.join(' | '));
  assert.doesNotMatch(s.daemon.log, /unexpected error/);
  assert.ok(after - before < 48 * 2 ** 20, `likerd grew by ${after - before} bytes`);
  assert.equal(await within('a container', s.sh([], 'echo well')), 'well');
});
