import assert from 'node:assert/strict';
import { test } from 'node:test';
import { v1 } from '../../../../test/harness/services.ts';
import type { ContainerView } from '../../../engine/containers/api.ts';
import { withDefaults } from '../../../engine/containers/model/spec.ts';
import { rangeMaps } from '../../../kernel/users/id-maps.ts';
import { baseSpec, containerView, exitStatus } from '../../../test/fake-engine.ts';
import { takesEncoded } from '../../wire/encoded.ts';
import { parseSpec } from '../parse/container-spec.ts';
import { formatContainer } from './container.ts';
import { formatContainerSpec } from './container-spec.ts';
import { listPage } from './list-page.ts';
import { formatLogBatch } from './logs.ts';
import { timestampOfMs, timestampOfNs } from './time.ts';

const create = v1.ContainerService.service.CreateContainer;
const { ListContainers: list } = takesEncoded(v1.ContainerService.service);

/** As a client has it. */
async function decodedPage(page: Parameters<typeof listPage>[0]) {
  return list.responseDeserialize(list.responseSerialize(await listPage(page, 'full')));
}

test('a spec survives the round trip through the API', () => {
  const { resources: noLimits } = baseSpec;
  const maps = rangeMaps(600_000);
  const spec = {
    ...baseSpec,
    process: {
      ...baseSpec.process,
      rlimits: [{ name: 'core', soft: '5', hard: String(2n ** 64n - 1n) }],
      terminalSize: { columns: 80, rows: 24, xPixels: 0, yPixels: 0 },
    },
    namespaces: {
      ...baseSpec.namespaces,
      pid: { kind: 'container', id: 'db' } as const,
      network: { kind: 'host' } as const,
      user: { kind: 'maps' as const, maps },
    },
    init: false,
    mounts: [
      {
        type: 'bind' as const,
        source: '/srv',
        target: '/data',
        readOnly: true,
        readOnlyNonRecursive: true,
        propagation: 'rslave' as const,
        recursive: false,
        createSource: false,
        idmap: { kind: 'maps' as const, maps, relative: true },
        overlay: false,
      },
      { type: 'tmpfs' as const, target: '/tmp', readOnly: false, options: ['size=1m'] },
    ],
    resources: {
      cpu: { ...noLimits.cpu, shares: 512, quotaUs: -1, idle: false, cpusetCpus: '0' },
      memory: { ...noLimits.memory, maxBytes: 64 * 2 ** 20, memorySwapBytes: -1, oomGroup: true },
      pids: { max: -1 },
      hugetlb: [{ pageSize: '2MB', maxBytes: -1, reservationBytes: null }],
      io: { ...noLimits.io, weight: 10, readBps: [{ device: '/dev/vda', value: 2 ** 40 }] },
      network: { ...noLimits.network, classId: 0xffffffff, rateBits: 10_000_000, priorities: { eth0: 5 } },
      cgroup: { maxDescendants: 0, maxDepth: -1, settings: [{ file: 'memory.high', value: 'max' }] },
    },
    devices: [{ hostPath: '/dev/fuse', containerPath: '/dev/f', access: 'rw' }],
    deviceRules: [{ allow: false, type: 'b' as const, major: 8, minor: null, access: 'rwm' }],
    cgroupParent: 'jobs/night',
    limits: 'best-effort' as const,
    labels: { a: 'b' },
    stopSignal: 37,
    healthCheck: {
      shell: '',
      args: ['test', '-f', '/ready'],
      intervalMs: 1,
      timeoutMs: 2,
      retries: 3,
      startPeriodMs: 4,
      startIntervalMs: 5,
      onFailure: 'kill' as const,
    },
    onDisconnect: 'hangup' as const,
    logDriver: 'none' as const,
    logFileBytes: 1_000_000,
    logFiles: 2,
    dnsSearch: ['example.org'],
    dnsOptions: ['ndots:2'],
  };
  const wire = create.requestDeserialize(create.requestSerialize({ spec: formatContainerSpec(spec) }));
  assert.deepEqual(withDefaults(parseSpec(wire.spec, 'spec', null)), spec);
});

test('each phase fills in the fields that apply to it', () => {
  const startedAt = 1_700_000_000_000;
  const main = { pid: 42, startTime: '7' };
  const state = (
    phase: Parameters<typeof containerView>[0] extends { phase?: infer P } | undefined ? P : never,
  ) => {
    const {
      state: name,
      pid,
      shimPid,
      startedAt: started,
      exit,
    } = formatContainer(containerView({ ...(phase && { phase }) }));
    return { name, pid, shimPid, started: started?.seconds, code: exit?.code };
  };
  const none = { pid: undefined, shimPid: undefined, started: undefined, code: undefined };
  assert.deepEqual(state({ state: 'created' }), { ...none, name: 'CONTAINER_STATE_CREATED' });
  assert.deepEqual(state({ state: 'running', startedAt, main, shimPid: 41 }), {
    name: 'CONTAINER_STATE_RUNNING',
    pid: 42,
    shimPid: 41,
    started: 1_700_000_000,
    code: undefined,
  });
  assert.deepEqual(state({ state: 'orphaned', startedAt, main }), {
    ...none,
    name: 'CONTAINER_STATE_ORPHANED',
    pid: 42,
    started: 1_700_000_000,
  });
  assert.deepEqual(state({ state: 'exited', exit: exitStatus(3) }), {
    ...none,
    name: 'CONTAINER_STATE_EXITED',
    started: 1_700_000_000,
    code: 3,
  });
  assert.equal(
    formatContainer(
      containerView({ phase: { state: 'exited', exit: { ...exitStatus(127), startedAt: null } } }),
    ).startedAt,
    undefined,
  );
});

test('times keep their fractions', () => {
  assert.deepEqual(timestampOfMs(1_700_000_000_123.25), { seconds: 1_700_000_000, nanos: 123_250_000 });
  assert.deepEqual(timestampOfMs(-1), { seconds: -1, nanos: 999_000_000 });
  assert.deepEqual(timestampOfNs(1_700_000_000_123_456_789n), { seconds: 1_700_000_000, nanos: 123_456_789 });
});

test('a page of a list stays below the limit of a message', async () => {
  const big = { ...baseSpec, labels: { x: 'y'.repeat(3_500_000) } };
  const containers = Array.from({ length: 4 }, (_, index) =>
    containerView({ id: String(index).repeat(64), spec: { ...big } }),
  );
  const page = await decodedPage({ containers, next: '' });
  assert.deepEqual(
    page.containers.map(({ id }) => id),
    ['0'.repeat(64), '1'.repeat(64)],
  );
  assert.equal(page.nextPageToken, `1700000000000-${'1'.repeat(64)}`);
  const small = await decodedPage({ containers: [containerView()], next: 'n' });
  assert.equal(small.containers.length, 1);
  assert.equal(small.nextPageToken, 'n');
});

test('a list shows the current state of a container that was listed before', async () => {
  const spec = { ...baseSpec };
  const listed = async (view: Partial<ContainerView>) => {
    const page = await decodedPage({ containers: [containerView({ spec, ...view })], next: '' });
    return page.containers[0];
  };
  const first = await listed({});
  assert.deepEqual(await listed({}), first);
  assert.deepEqual((await listed({ execIds: ['e1'] }))?.execIds, ['e1']);
  assert.deepEqual((await listed({ attachedClients: 2 }))?.attachedClients, 2);
  assert.equal((await listed({ phase: { state: 'created' } }))?.state, 'CONTAINER_STATE_CREATED');
});

test('log entries are split into messages without loss', () => {
  const entries = Array.from({ length: 300 }, (_, index) => ({
    timeNs: BigInt(index),
    stream: index % 2 ? ('stderr' as const) : ('stdout' as const),
    data: Buffer.alloc(16 * 1024, index),
    lostBytes: 0,
    skippedFiles: 0,
    segment: 2,
    offset: index + 1,
  }));
  const messages = [...formatLogBatch(entries)];
  assert.ok(messages.length > 10);
  const all = messages.flatMap((message) => message.entries ?? []);
  assert.deepEqual(
    all.map((entry) => entry.data),
    entries.map((entry) => entry.data),
  );
  // Each says where its last entry ends.
  let sent = 0;
  for (const { entries: some = [], cursor } of messages) {
    sent += some.length;
    assert.equal(cursor, `2-${sent}`);
  }
  assert.deepEqual([...formatLogBatch([])], []);
});
