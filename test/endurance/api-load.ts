// Loads that call the API as a program would. They repeat calls whose answer was lost with the daemon.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';
import type { ExitStatus } from '../../proto/gen/types/liker/v1/ExitStatus.ts';
import type { SubscribeResponse } from '../../proto/gen/types/liker/v1/SubscribeResponse.ts';
import { codeOf, expectedLog, insist, isLoss, readLog, script } from './ledger.ts';
import { type Load, repeat } from './load.ts';

async function create(load: Load, name: string, args: string[], process: object = {}): Promise<void> {
  const spec = { name, rootfs: { directory: load.rootfs }, process: { args, ...process } };
  await insist(() =>
    load.api.call((done) => load.api.containers.CreateContainer({ spec, requestId: name }, done)),
  );
}

async function get({ api }: Load, container: string): Promise<Partial<Container>> {
  const { container: got } = await insist(() =>
    api.call<{ container: Container | null }>((done) => api.containers.GetContainer({ container }, done)),
  );
  return got ?? {};
}

/**
 * A start whose answer was lost may have happened, or be under way: it is repeated, with its request_id, while the container seems never
 * to have run.
 */
async function startOnce(load: Load, container: string): Promise<void> {
  const { api } = load;
  while ((await get(load, container)).state === 'CONTAINER_STATE_CREATED') {
    await api
      .call((done) => api.containers.StartContainer({ container, requestId: `start ${container}` }, done))
      .catch((error: unknown) => {
        if (codeOf(error) !== status.UNAVAILABLE) throw error;
      });
  }
}

async function waitForEnd({ api }: Load, container: string): Promise<ExitStatus | null> {
  const { exit } = await insist(() =>
    api.call<{ exit: ExitStatus | null }>((done) => api.containers.WaitContainer({ container }, done)),
  );
  return exit;
}

/** A container that does not exist is a success: an earlier try removed it, and the answer was lost. */
export async function remove(load: Load, container: string, force = false): Promise<void> {
  const { api } = load;
  await insist(() =>
    api
      .call((done) => api.containers.RemoveContainer({ container, force }, done))
      .catch((error: unknown) => {
        if (codeOf(error) !== status.NOT_FOUND) throw error;
      }),
  );
}

export async function startLongLived(load: Load, name: string, args: string[], process: object = {}) {
  await create(load, name, args, process);
  await startOnce(load, name);
}

/** Creates, starts, waits, reads the log, and removes. */
export async function makeAndRemove(load: Load, maker: number): Promise<void> {
  await repeat(load, `make ${maker}`, async (index) => {
    const name = `w${maker}-${index}`;
    const expected = { name, code: randomInt(0, 100), lines: randomInt(1, 200) };
    await create(load, name, script(expected));
    await startOnce(load, name);
    assert.equal((await waitForEnd(load, name))?.code, expected.code, `exit code of ${name}`);
    assert.equal(await readLog(load.api, name), expectedLog(expected), `log of ${name}`);
    if (load.keep && index % 2 === 0) load.kept.set(name, expected);
    else {
      await remove(load, name);
      load.removed.add(name);
    }
  });
}

/** Attaches to a shell on a terminal, types a command, and detaches; the shell remains the same all the time. */
export async function attachAndDetach(load: Load): Promise<void> {
  const process = { tty: true, openStdin: true };
  await startLongLived(load, 'shell', ['sh', '-c', 'stty -echo; while read n; do echo $$-$n; done'], process);
  await repeat(load, 'attach', async (index) => {
    const session = load.api.attach('shell', { noReplay: true });
    try {
      await session.ready;
      session.type(`${index}\r`);
      const answer = session.waitFor(new RegExp(`^2-${index}\\r$`, 'm'));
      answer.catch(() => {});
      await Promise.race([answer, session.end]);
      await session.detach();
    } catch (error) {
      if (!isLoss(error)) throw error;
      await sleep(20);
    }
    session.vanish();
  });
  assert.equal((await get(load, 'shell')).state, 'CONTAINER_STATE_RUNNING', 'the shell that clients leave');
  await remove(load, 'shell', true);
}

/** A program that exits on SIGTERM: it is stopped, restarted, and removed with rm -f. */
export async function stopAndRestart(load: Load): Promise<void> {
  const { api } = load;
  const polite = ['sh', '-c', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.02; done'];
  await repeat(load, 'stop', async (index) => {
    const container = `stopped-${index}`;
    await create(load, container, polite);
    await startOnce(load, container);
    while ((await readLog(api, container)) === '') await sleep(5);
    await insist(() =>
      api.call((done) => api.containers.StopContainer({ container, timeoutSeconds: 30 }, done)),
    );
    const stopped = await get(load, container);
    assert.deepEqual(
      [stopped.state, stopped.exit?.code],
      ['CONTAINER_STATE_EXITED', 5],
      `after stop of ${container}`,
    );
    await insist(() =>
      api.call((done) => api.containers.RestartContainer({ container, timeoutSeconds: 30 }, done)),
    );
    assert.equal(
      (await get(load, container)).state,
      'CONTAINER_STATE_RUNNING',
      `after restart of ${container}`,
    );
    await remove(load, container, true);
    load.removed.add(container);
  });
}

/** Follows the log of a container from its first line to its end. */
export async function followLog(load: Load): Promise<void> {
  await repeat(load, 'logs -f', async (index) => {
    const name = `followed-${index}`;
    const expected = { lines: 300, code: 3 };
    const [sh = '', flag = '', text = ''] = script(expected);
    await create(load, name, [sh, flag, text.replace('; exit', '; sleep 0.3; exit')]);
    await startOnce(load, name);
    assert.equal(
      await readLog(load.api, name, { follow: true }),
      expectedLog(expected),
      `log of ${name}, followed`,
    );
    assert.equal((await waitForEnd(load, name))?.code, 3, `exit code of ${name}`);
    await remove(load, name);
    load.removed.add(name);
  });
}

/** Subscribes to all events, resumes after the last number each time, and at the end fetches the rest. */
export async function followEvents(load: Load): Promise<void> {
  const beginning = await lastSeq(load);
  for (let last = false; !last; ) {
    last = load.over;
    const stream = load.api.events.Subscribe({ sinceSeq: load.seen.at(-1) ?? beginning, follow: !last });
    const ended = Promise.withResolvers<void>();
    stream.on('data', ({ event }: SubscribeResponse) => {
      const before = load.seen.at(-1) ?? beginning;
      if (event?.seq === before + 1) load.seen.push(event.seq);
      else ended.reject(new Error(`event ${event?.seq} came after ${before}`));
      if (!load.keep) load.seen.splice(0, load.seen.length - 1);
    });
    stream.on('error', (error) => (isLoss(error) ? ended.resolve() : ended.reject(error)));
    stream.on('end', ended.resolve);
    const watch = setInterval(() => load.over && !last && ended.resolve(), 100);
    await ended.promise.finally(() => clearInterval(watch));
    stream.cancel();
    if (!last) await sleep(20);
  }
}

async function lastSeq({ api }: Load): Promise<number> {
  const answer = await insist(() => api.call<{ lastSeq: number }>((done) => api.events.GetLastSeq({}, done)));
  return answer.lastSeq;
}
