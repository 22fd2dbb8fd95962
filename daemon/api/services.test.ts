import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type ServiceError, status } from '@grpc/grpc-js';
import { LikerError } from '../../common/errors.ts';
import type { ReadLogsResponse } from '../../proto/gen/types/liker/v1/ReadLogsResponse.ts';
import type { SubscribeResponse } from '../../proto/gen/types/liker/v1/SubscribeResponse.ts';
import type { UpdateContainerResponse } from '../../proto/gen/types/liker/v1/UpdateContainerResponse.ts';
import type { ContainerService } from '../engine/containers/api.ts';
import { limitsOf } from '../engine/containers/model/resources.ts';
import type { ContainerChange } from '../engine/containers/model/spec.ts';
import { daemonEvent, type EventRecord } from '../engine/journal/event.ts';
import type { SubscribeOptions } from '../engine/journal/events.ts';
import type { LogEntry } from '../engine/logs/api.ts';
import { ApiFixture, detailsOf } from '../test/api-fixture.ts';
import { containerView, exitStatus } from '../test/fake-engine.ts';

type Callback<T> = (error: ServiceError | null, value?: T) => void;

function answer<T>(start: (callback: Callback<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) =>
    start((error, value) => (value === undefined ? reject(error) : resolve(value))),
  );
}

function event(seq: number): EventRecord {
  return {
    seq,
    time: 1_700_000_000_000 + seq,
    subject: { type: 'container', id: 'c'.repeat(64), name: 'web' },
    action: 'start',
    attributes: { seq: String(seq) },
  };
}

test('an update sets the given fields and leaves the rest unset', async () => {
  const seen: ContainerChange[] = [];
  const limit = { knob: 'pids.max', requested: '5', file: '/f', written: '5', effective: '5', problem: '' };
  await using fixture = await ApiFixture.start({
    containers: {
      update: async (_container, change) => {
        seen.push(change);
        return { container: containerView(), applied: [limit] };
      },
    },
  });
  const client = fixture.client('ContainerService');
  const resources = { pids: { max: 5 }, memory: { memorySwapBytes: 2 ** 26 } };
  const restart = { name: 'NAME_ON_FAILURE', maxRetries: 3 } as const;
  const answered = await answer<UpdateContainerResponse>((done) =>
    client.updateContainer({ container: 'web', resources, restart }, done),
  );
  assert.deepEqual(answered.appliedLimits, [limit]);
  assert.equal(answered.container?.id, 'c'.repeat(64));
  // Memory with swap is checked against the container's memory limit.
  const limits = limitsOf({ memory: { memorySwapBytes: 2 ** 26 }, pids: { max: 5 } });
  assert.deepEqual(seen, [{ limits, restart: { name: 'on-failure', maxRetries: 3 }, egress: null }]);
  const hugetlb = [{ pageSize: '3MB' }];
  await assert.rejects(
    answer((done) => client.updateContainer({ container: 'web', resources: { hugetlb } }, done)),
    (error) => detailsOf(error)?.details.field === 'resources.hugetlb[0].page_size',
  );
});

test('verbs pass their values to the engine, and calls are logged with their peer', async () => {
  const seen: unknown[] = [];
  const verb =
    (name: string) =>
    async (...args: unknown[]) => {
      seen.push([name, ...args]);
      return containerView();
    };
  await using fixture = await ApiFixture.start({
    containers: {
      start: async (...args) => ({ container: await verb('start')(...args), pid: 4711 }),
      stop: verb('stop'),
      restart: verb('restart'),
      rename: verb('rename'),
      kill: async (...args) => {
        seen.push(['kill', ...args]);
        return 'c'.repeat(64);
      },
      remove: async () => {
        throw new LikerError('WRONG_STATE', "Cannot remove container 'web': it is running");
      },
    },
  });
  const client = fixture.client('ContainerService');
  await answer((done) => client.startContainer({ container: 'web', requestId: 'first' }, done));
  await answer((done) => client.stopContainer({ container: 'web' }, done));
  await answer((done) =>
    client.restartContainer({ container: 'web', timeoutSeconds: 0, signal: 'HUP', requestId: 'third' }, done),
  );
  await answer((done) => client.renameContainer({ container: 'web', newName: 'db' }, done));
  await answer((done) => client.killContainer({ container: 'web' }, done));
  await answer((done) =>
    client.killContainer({ container: 'web', signal: '10', scope: 'KILL_SCOPE_ALL' }, done),
  );
  assert.deepEqual(seen, [
    ['start', 'web', { requestId: 'first' }],
    ['stop', 'web', { timeoutSeconds: null, signal: null, requestId: '' }],
    ['restart', 'web', { timeoutSeconds: 0, signal: 1, requestId: 'third' }],
    ['rename', 'web', 'db', { requestId: '' }],
    ['kill', 'web', 9, { scope: 'main', requestId: '' }],
    ['kill', 'web', 10, { scope: 'all', requestId: '' }],
  ]);
  await assert.rejects(
    answer((done) => client.removeContainer({ container: 'web' }, done)),
    {
      code: status.FAILED_PRECONDITION,
    },
  );
  await assert.rejects(
    answer((done) => client.startContainer({}, done)),
    (error) => {
      assert.equal(detailsOf(error)?.details.field, 'container');
      return true;
    },
  );
  const lines = fixture.log.filter((line) => line.message === 'call');
  assert.equal(lines.length, 8);
  const { ms, ...first } = lines[0]?.fields ?? {};
  assert.deepEqual(first, {
    method: 'StartContainer',
    container: 'web',
    peerUid: 1000,
    peerPid: 4321,
    code: 'OK',
  });
  assert.equal(typeof ms, 'number');
  assert.equal(lines[6]?.fields['code'], 'FAILED_PRECONDITION');
  assert.equal(lines[6]?.fields['reason'], 'WRONG_STATE');
  assert.ok(lines.every((line) => line.level === 'info'));
});

test('a wait ends when the container exits or the client leaves', async () => {
  let reason: unknown;
  const waits: ContainerService['wait'] = (container, condition, { signal }) => {
    if (container === 'never') return Promise.resolve(null);
    if (condition === 'removed') return Promise.resolve(exitStatus(5));
    return new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => {
        reason = signal.reason;
        reject(reason);
      }),
    );
  };
  await using fixture = await ApiFixture.start({ containers: { wait: waits } });
  const client = fixture.client('ContainerService');
  const ended = await answer<{ exit: { code: number } | null }>((done) =>
    client.waitContainer({ container: 'web', condition: 'WAIT_CONDITION_REMOVED' }, done as never),
  );
  assert.equal(ended.exit?.code, 5);
  const never = await answer<{ exit: null }>((done) =>
    client.waitContainer({ container: 'never' }, done as never),
  );
  assert.equal(never.exit, null);
  const call = client.waitContainer({ container: 'web' }, () => {});
  setImmediate(() => call.cancel());
  await new Promise((resolve) => call.once('status', resolve));
  // A call cancelled before it reached the server aborts nothing: call again with a longer deadline.
  for (let afterMs = 50; reason === undefined; afterMs *= 2)
    await answer((done) =>
      client.waitContainer({ container: 'web' }, { deadline: Date.now() + afterMs }, done),
    ).catch(() => {});
  assert.equal((reason as LikerError).reason, 'CANCELLED');
});

test('logs arrive in batches with their times, and reading stops when the client leaves', async () => {
  const left = Promise.withResolvers<void>();
  const entries: LogEntry[] = [
    {
      timeNs: 1_700_000_000_123_456_789n,
      stream: 'stdout',
      data: Buffer.from('a\n'),
      lostBytes: 0,
      skippedFiles: 0,
      segment: 1,
      offset: 40,
    },
    {
      timeNs: 1_700_000_000_123_456_790n,
      stream: 'stderr',
      data: Buffer.from([0xff, 0x0a]),
      lostBytes: 0,
      skippedFiles: 0,
      segment: 1,
      offset: 40,
    },
  ];
  let asked: unknown;
  await using fixture = await ApiFixture.start({
    logs: {
      async *read(_container, options, signal) {
        asked = options;
        yield entries;
        if (!options.follow) return;
        try {
          await once(signal, 'abort');
        } finally {
          left.resolve();
        }
      },
    },
  });
  const client = fixture.client('LogService');
  const all: ReadLogsResponse[] = [];
  for await (const message of client.readLogs({
    container: 'web',
    tail: 0,
    since: { seconds: 5, nanos: 6 },
  })) {
    all.push(message as ReadLogsResponse);
  }
  assert.deepEqual(asked, { after: null, follow: false, tail: 0, sinceNs: 5_000_000_006n, untilNs: null });
  assert.deepEqual(all[0]?.entries[0]?.time, { seconds: 1_700_000_000, nanos: 123_456_789 });
  assert.equal(all[0]?.entries[1]?.stream, 'LOG_STREAM_STDERR');
  assert.deepEqual(all[0]?.entries[1]?.data, Buffer.from([0xff, 0x0a]));
  const follow = client.readLogs({ container: 'web', follow: true });
  follow.on('error', () => {});
  await once(follow, 'data');
  follow.cancel();
  await left.promise;
});

test('events are sent no faster than the client reads them, and none is lost', async () => {
  const total = 5_000;
  let made = 0;
  let asked: SubscribeOptions | undefined;
  await using fixture = await ApiFixture.start({
    events: {
      async *subscribe(options) {
        asked = options;
        while (made < total) yield event(++made);
      },
      range: () => ({ last: 9, oldest: 3, storeId: 'abc' }),
    },
  });
  const client = fixture.client('EventService');
  const stream = client.subscribe({
    sinceSeq: 0,
    storeId: 'of-before',
    filters: [{ key: 'container', value: 'web' }],
  });
  const [first] = (await once(stream, 'data')) as [SubscribeResponse];
  stream.pause();
  // Each answered call means that the stream had a turn, too.
  for (let turn = 0; turn < 20; turn += 1) await answer((done) => client.getLastSeq({}, done));
  assert.ok(made < total, `all ${made} events were made for a client that does not read`);
  const rest: number[] = [];
  for await (const message of stream) rest.push((message as SubscribeResponse).event?.seq ?? 0);
  assert.equal(first.event?.seq, 1);
  assert.deepEqual(
    rest,
    Array.from({ length: total - 1 }, (_, index) => index + 2),
  );
  assert.deepEqual(asked?.filters, [{ key: 'container', value: 'web' }]);
  assert.equal(asked?.sinceSeq, 0);
  assert.equal(asked?.storeId, 'of-before');
  assert.equal(first.event?.storeId, 'abc');
  const range = { lastSeq: 9, oldestSeq: 3, storeId: 'abc' };
  assert.deepEqual(await answer((done) => client.getLastSeq({}, done)), range);
});

test('an event that is not about a container has no container', async () => {
  await using fixture = await ApiFixture.start({
    events: {
      async *subscribe() {
        yield event(1);
        yield { ...event(2), ...daemonEvent('set_aside', { why: 'x' }), attributes: {} };
        yield { ...event(3), subject: { type: 'network', id: 'n1', name: 'net' } };
      },
      range: () => ({ last: 3, oldest: 1, storeId: 'abc' }),
    },
  });
  const messages = await Array.fromAsync(fixture.client('EventService').subscribe({}));
  assert.deepEqual(
    messages.map(({ event }: SubscribeResponse) => [event?.containerId, event?.containerName]),
    [
      ['c'.repeat(64), 'web'],
      ['', ''],
      ['', ''],
    ],
  );
});

test('a stream that fails midway sends its earlier messages first, then the status', async () => {
  await using fixture = await ApiFixture.start({
    events: {
      async *subscribe() {
        yield event(1);
        throw new LikerError('EVENTS_TRIMMED', 'Cannot replay', { metadata: { oldest_seq: '7' } });
      },
      range: () => ({ last: 9, oldest: 7, storeId: 'abc' }),
    },
  });
  const seen: number[] = [];
  const stream = fixture.client('EventService').subscribe({});
  await assert.rejects(
    async () => {
      for await (const message of stream) seen.push((message as SubscribeResponse).event?.seq ?? 0);
    },
    (error) => {
      assert.equal((error as ServiceError).code, status.OUT_OF_RANGE);
      assert.deepEqual(detailsOf(error)?.details.metadata, { oldest_seq: '7' });
      return true;
    },
  );
  assert.deepEqual(seen, [1]);
});

test('the system service returns versions and facts', async () => {
  await using fixture = await ApiFixture.start({
    system: {
      info: () => ({
        root: '/r',
        run: '/x',
        containers: 3,
        running: 1,
        paused: 1,
        stopped: 1,
        cgroupLayout: 'hybrid',
        knobs: [],
        cgroupControllers: [{ name: 'memory', version: 1, mountPoint: '/sys/fs/cgroup/memory' }],
        capabilities: ['CAP_KILL'],
        seccomp: true,
        landlockVersion: 7,
        apparmor: false,
        selinux: true,
        networks: {
          byDefault: 'bridge',
          problem: '',
          pools: ['10.201.0.0/16'],
          publishAddresses: ['127.0.0.1', '::1'],
        },
        rootless: null,
        userNamespaces: {
          byDefault: 'auto',
          problem: '',
          source: 'a test',
          ids: [{ start: 600_000, count: 131_072 }],
          ranges: 2,
          freeRanges: 1,
        },
        warnings: [],
      }),
    },
  });
  const client = fixture.client('SystemService');
  const version = await answer<{ version: string; apiMax: string; nodeVersion: string; kernel: string }>(
    (done) => client.getVersion({}, done as never),
  );
  assert.equal(version.version, '1.2.3');
  assert.equal(version.apiMax, 'v1');
  assert.equal(version.nodeVersion, process.version);
  const info = await answer<Record<string, unknown>>((done) => client.getInfo({}, done as never));
  assert.equal(info['containers'], 3);
  assert.equal(info['pid'], process.pid);
  assert.ok((info['rssBytes'] as number) > 1e6);
  assert.ok((info['memoryBytes'] as number) > 1e6);
  const names = ['Max', 'P99', 'RecentMax', 'RecentP99', 'BusyMax'];
  assert.deepEqual(
    names.map((name) => info[`eventLoop${name}Ms`]),
    [5, 4, 3, 2, 1],
  );
});
