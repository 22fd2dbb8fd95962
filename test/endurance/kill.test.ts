// SIGKILL for likerd at random moments under load, then an account of everything. LIKER_KILLS sets how often.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { SubscribeResponse } from '../../proto/gen/types/liker/v1/SubscribeResponse.ts';
import { Api } from '../harness/api.ts';
import { startLikerctl } from '../harness/likerctl.ts';
import { suite } from '../harness/suite.ts';
import { codeOf, type Expected, expectedLog, insist, readLog, script } from './ledger.ts';

const kills = Number(process.env['LIKER_KILLS'] ?? 8);
const workers = 3;
/** Without end, one bound for the whole: a hang shows as such. */
const patience = { timeout: 120_000 + kills * 10_000 };

const s = suite();

/** Everything that the load has made and not removed. */
const kept = new Map<string, Expected>();
const removed = new Set<string>();
let over = false;

test(`nothing is lost when likerd is killed ${kills} times under load`, patience, async () => {
  using api = new Api(s.daemon);
  const loads = [
    ...Array.from({ length: workers }, (_, worker) => makeAndRemove(api, worker)),
    runInForeground('plain', []),
    runInForeground('tty', ['-t']),
    execInto(api),
  ];
  const all = Promise.all(loads);
  all.catch(() => {
    over = true;
  });
  for (let kill = 0; kill < kills && !over; kill++) {
    await sleep(randomInt(10, 500));
    await s.daemon.kill9();
    await s.daemon.start();
  }
  over = true;
  await all;
  await account(api);
});

/** Creates, starts, waits, reads the log, and removes every other one, whatever happens to the daemon meanwhile. */
async function makeAndRemove(api: Api, worker: number): Promise<void> {
  for (let index = 0; !over; index++) {
    const expected = { name: `w${worker}-${index}`, code: randomInt(0, 100), lines: randomInt(1, 200) };
    const container = expected.name;
    const spec = {
      name: container,
      rootfs: { directory: s.rootfs },
      process: { args: script(expected) },
    };
    await insist(() =>
      api.call((done) => api.containers.CreateContainer({ spec, requestId: container }, done)),
    );
    await startOnce(api, container);
    const { exit } = await insist(() =>
      api.call<{ exit?: { code?: number } | null }>((done) =>
        api.containers.WaitContainer({ container }, done),
      ),
    );
    assert.equal(exit?.code, expected.code, `exit code of ${container}`);
    assert.equal(await readLog(api, container), expectedLog(expected), `log of ${container}`);
    if (index % 2 === 0) kept.set(container, expected);
    else await remove(api, container);
  }
}

/** A start whose answer was lost may have happened: only a container that was never started is started again. */
async function startOnce(api: Api, container: string): Promise<void> {
  for (;;) {
    const got = await insist(() =>
      api.call<{ container?: { state?: string } | null }>((done) =>
        api.containers.GetContainer({ container }, done),
      ),
    );
    if (got.container?.state !== 'CONTAINER_STATE_CREATED') return;
    await api
      .call((done) => api.containers.StartContainer({ container }, done))
      .catch((error: unknown) => {
        if (codeOf(error) !== status.UNAVAILABLE) throw error;
      });
  }
}

async function remove(api: Api, container: string): Promise<void> {
  await insist(async () => {
    try {
      await api.call((done) => api.containers.RemoveContainer({ container }, done));
    } catch (error) {
      // An earlier try did it and the answer was lost.
      if (codeOf(error) !== status.NOT_FOUND) throw error;
    }
  });
  removed.add(container);
}

/** The client itself, which reconnects: every byte and the exit code arrive. */
async function runInForeground(name: string, flags: readonly string[]): Promise<void> {
  for (let index = 0; !over; index++) {
    const expected = { code: randomInt(0, 100), lines: 2000 };
    const slowly = ['sh', '-c', `${script(expected)[2]?.replace('; exit', '; sleep 0.2; exit')}`];
    const argv = ['run', '--rm', '--name', `fg-${name}-${index}`, ...flags, s.rootfs, ...slowly];
    const { code, stdout, stderr } = await startLikerctl(s.daemon, argv).outcome;
    // Only a daemon that was not there at the beginning excuses a run: nothing was started.
    if (code === 125 && stderr.includes('Cannot reach likerd')) continue;
    const wanted = expectedLog(expected);
    sameOutput(stdout.replaceAll('\r\n', '\n'), wanted, `fg-${name}-${index} ended with ${code}: ${stderr}`);
    assert.equal(code, expected.code, stderr);
  }
}

/** With thousands of lines, where they part says more than both of them. */
function sameOutput(actual: string, wanted: string, context: string): void {
  if (actual === wanted) return;
  let at = 0;
  while (actual[at] === wanted[at]) at++;
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 30), at + 30));
  assert.fail(
    `${context}\n${actual.length} bytes of ${wanted.length}; at ${at}: ${around(actual)}, wanted ${around(wanted)}`,
  );
}

/** Execs in a container that lives all the time. */
async function execInto(api: Api): Promise<void> {
  const spec = { name: 'long', rootfs: { directory: s.rootfs }, process: { args: ['sleep', '100000'] } };
  await insist(() => api.call((done) => api.containers.CreateContainer({ spec, requestId: 'long' }, done)));
  await startOnce(api, 'long');
  while (!over) {
    const expected = { code: randomInt(0, 100), lines: 500 };
    const { code, stdout, stderr } = await startLikerctl(s.daemon, ['exec', 'long', ...script(expected)])
      .outcome;
    if (code === 125) {
      assert.match(stderr, /likerd|daemon/);
      continue;
    }
    sameOutput(stdout, expectedLog(expected), `exec ended with ${code}: ${stderr}`);
    assert.equal(code, expected.code, stderr);
  }
  await remove(api, 'long').catch(() => {});
  await insist(() =>
    api
      .call((done) => api.containers.RemoveContainer({ container: 'long', force: true }, done))
      .catch((error: unknown) => {
        if (codeOf(error) !== status.NOT_FOUND) throw error;
      }),
  );
}

/** Every container as the ledger says, every event number once, and nothing on the host once all is removed. */
async function account(api: Api): Promise<void> {
  for (const expected of kept.values()) {
    const { container } = await api.call<{
      container?: { state?: string; exit?: { code?: number } | null } | null;
    }>((done) => api.containers.GetContainer({ container: expected.name }, done));
    assert.equal(container?.state, 'CONTAINER_STATE_EXITED', expected.name);
    assert.equal(container?.exit?.code, expected.code, expected.name);
    assert.equal(await readLog(api, expected.name), expectedLog(expected), expected.name);
  }
  const events = await allEvents(api);
  assert.deepEqual(
    events.map(({ event }) => event?.seq),
    events.map((_, index) => index + 1),
  );
  for (const name of [...kept.keys(), ...removed]) {
    const actions = events.flatMap(({ event }) => (event?.containerName === name ? [event.action] : []));
    const life = actions.filter((action) => ['create', 'start', 'die', 'destroy'].includes(action));
    const wanted = ['create', 'start', 'die', ...(removed.has(name) ? ['destroy'] : [])];
    assert.deepEqual(life, wanted, name);
  }
  assert.deepEqual(await s.daemon.empty(), {});
}

function allEvents(api: Api): Promise<SubscribeResponse[]> {
  return new Promise((resolve, reject) => {
    const events: SubscribeResponse[] = [];
    const stream = api.events.Subscribe({ sinceSeq: 0 });
    stream.on('data', (event: SubscribeResponse) => events.push(event));
    stream.on('error', reject);
    stream.on('end', () => resolve(events));
  });
}
