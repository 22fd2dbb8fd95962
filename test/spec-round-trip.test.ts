// Every spec that the API accepts reads back unchanged: from the database, from its copy in the run folder, and through the API.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspectRecord } from '../client/format/inspect.ts';
import { LikerError } from '../common/errors.ts';
import { formatContainer } from '../daemon/api/liker/format/container.ts';
import { parseSpec } from '../daemon/api/liker/parse/container-spec.ts';
import { Container } from '../daemon/engine/containers/model/container.ts';
import { type ContainerSpec, withDefaults } from '../daemon/engine/containers/model/spec.ts';
import { readRunRecords, writeRunRecord } from '../daemon/engine/containers/resources/run-record.ts';
import type { EngineContext } from '../daemon/engine/context.ts';
import { containerView } from '../daemon/test/fake-engine.ts';
import { wireSpec } from '../daemon/test/proto-spec.ts';
import { repository } from './harness/daemon.ts';
import { v1 } from './harness/services.ts';

interface Field {
  readonly type: string;
  readonly rule?: 'repeated';
  readonly keyType?: string;
}
interface Message {
  readonly fields: Readonly<Record<string, Field>>;
  readonly nested?: Readonly<Record<string, Message | Enum>>;
}
interface Enum {
  readonly values: Readonly<Record<string, number>>;
}
type Fields = Readonly<Record<string, unknown>>;

const descriptor = JSON.parse(readFileSync(join(repository, 'proto/gen/liker.json'), 'utf8'));
const types: Readonly<Record<string, Message | Enum>> = descriptor.nested.liker.nested.v1.nested;

/** Fields that a message must have to be accepted. */
const required: Readonly<Record<string, Fields>> = {
  ContainerSpec: { name: 'web', rootfs: { directory: '/srv/root' }, process: { args: ['true'] } },
  Rootfs: { directory: '/srv/root' },
  ProcessSpec: { args: ['true'] },
  Entrypoint: { args: ['sh', '-c'] },
  SecretMount: { name: 'token' },
  NetworkConnection: { network: 'blue' },
  PublishedPort: { containerPort: 80 },
  EgressPolicy: { mode: 'MODE_NONE' },
  Mount: { type: 'TYPE_BIND', source: '/srv', target: '/data' },
  Device: { hostPath: '/dev/null' },
  DeviceRule: { type: 'c', access: 'r' },
  HealthCheck: { args: ['true'] },
  Rlimit: { name: 'nofile', soft: 1, hard: 2 },
  Landlock: { paths: [{ path: '/usr' }] },
  Path: { path: '/usr' },
  HugetlbResources: { pageSize: '2MB' },
  IoDeviceValue: { device: '8:0', value: 70 },
  CgroupSetting: { file: 'memory.high', value: '1' },
};

/** What a field, or one of its values, requires or excludes in addition. */
const companions: Readonly<Record<string, Fields>> = {
  'Mount.options': { type: 'TYPE_TMPFS', source: '' },
  'Mount.type=TYPE_TMPFS': { source: '' },
  'Mount.type=TYPE_VOLUME': { source: 'data' },
  'Mount.type=TYPE_IMAGE': { source: 'debian', readOnly: true },
  'Mount.subpath': { type: 'TYPE_VOLUME', source: 'data' },
  'Mount.noCopy': { type: 'TYPE_VOLUME', source: 'data' },
  'Mount.readOnlyNonRecursive': { readOnly: true },
  'EgressPolicy.rules': { mode: 'MODE_ALLOW' },
  'EgressPolicy.mode=MODE_ALLOW': { rules: ['192.0.2.0/24'] },
  'RestartPolicy.maxRetries': { name: 'NAME_ON_FAILURE' },
  'HealthCheck.shell': { args: [] },
  'HealthCheck.none': { args: [] },
  'Rootfs.image': { directory: '' },
  'MemoryResources.memorySwapBytes': { maxBytes: 64 << 20 },
  'CpuResources.burstUs': { quotaUs: 100_000 },
  'CpuResources.realtimePeriodUs': { realtimeRuntimeUs: 1000 },
};

const share = ['', 'private', 'host', 'container:db'];
const maps = 'uids=0-600000-9#9-9-1;gids=0-600000-1';
const caller = { uid: 1000, gid: 100 };
const bytes = [64 << 20, -1];
/** Values of fields whose type is not enough. Otherwise a number is 1, and an enum takes each of its values. */
const samples: Readonly<Record<string, readonly unknown[]>> = {
  'ContainerSpec.name': ['web'],
  'ContainerSpec.hostname': ['web'],
  'ContainerSpec.domainname': ['example'],
  'ContainerSpec.capAdd': ['ALL', 'NET_ADMIN'],
  'ContainerSpec.capDrop': ['CAP_CHOWN'],
  'ContainerSpec.sysctls': [{ 'net.core.somaxconn': '9' }],
  'ContainerSpec.extraHosts': ['db:192.0.2.7', 'six:[2001:db8::1]'],
  'ContainerSpec.dns': ['192.0.2.53', '2001:db8::53'],
  'ContainerSpec.dnsSearch': ['example.org', '.'],
  'ContainerSpec.dnsOptions': ['ndots:2'],
  'ContainerSpec.labels': [{ a: 'b', empty: '' }],
  'ContainerSpec.stopSignal': ['SIGQUIT', '64'],
  'ContainerSpec.cgroupParent': ['jobs/night'],
  'ContainerSpec.seccompProfile': ['', '{"defaultAction": "SCMP_ACT_ALLOW"}'],
  'ContainerSpec.apparmorProfile': ['', 'web'],
  'ContainerSpec.selinuxLabel': ['type:web_t', 'level:s0:c1,c2'],
  'ContainerSpec.maskPaths': ['/etc/shadow'],
  'ContainerSpec.unmaskPaths': ['ALL', '/proc/*'],
  'ContainerSpec.procOptions': ['hidepid=2', 'subset=pid'],
  'Path.path': ['/', '/usr'],
  'Rootfs.directory': ['/srv/root'],
  'ProcessSpec.args': ['sh'],
  'Entrypoint.args': ['sh'],
  'SecretMount.name': ['token'],
  'SecretMount.target': ['', '/run/other'],
  'ContainerSpec.exposedPorts': ['80/tcp', '1-9/udp'],
  'NetworkConnection.network': ['blue', ''],
  'NetworkConnection.aliases': ['db'],
  'NetworkConnection.ipv4': ['10.201.0.9'],
  'NetworkConnection.ipv6': ['fd00::9'],
  'NetworkConnection.macAddress': ['02:42:ac:11:00:02'],
  'EgressPolicy.rules': ['example.org:443', '*.example.org', '[2001:db8::/32]:53/udp'],
  'PublishedPort.hostAddress': ['0.0.0.0', '::'],
  'PublishedPort.protocol': ['tcp', 'udp', 'sctp'],
  'Rootfs.image': ['debian', 'sha256:0123'],
  'ProcessSpec.env': ['A=1', 'B='],
  'ProcessSpec.cwd': ['/srv'],
  'ProcessSpec.user': ['nobody', '1:2'],
  'ProcessSpec.additionalGroups': ['video', '7'],
  'Rlimit.name': ['core', 'RLIMIT_NPROC'],
  'Rlimit.hard': [9, 2 ** 64],
  'Namespaces.pid': share,
  'Namespaces.ipc': share,
  'Namespaces.uts': ['', 'private', 'host'],
  'Namespaces.cgroup': ['', 'private', 'host'],
  'Namespaces.network': [...share, 'none', 'ns:/run/netns/blue'],
  'Namespaces.user': ['', 'host', 'auto', 'keep-id', 'container:db', maps],
  'Mount.source': ['/srv'],
  'Mount.target': ['/data'],
  'Mount.propagation': [
    ...['', 'private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable'],
  ],
  'Mount.options': ['size=64m', 'strictatime'],
  'Mount.subpath': ['a/b'],
  'ContainerSpec.volumesFrom': ['web:ro'],
  'ContainerSpec.leaseId': ['0123456789abcdef'],
  'Mount.idmap': ['', 'none', 'container', maps, `@${maps}`],
  'Device.hostPath': ['/dev/fuse'],
  'Device.containerPath': ['/dev/other'],
  'Device.access': ['r', 'rwm'],
  'DeviceRule.type': ['a', 'b', 'c'],
  'DeviceRule.access': ['rw'],
  'HealthCheck.shell': ['test -e /x'],
  'HealthCheck.args': ['test'],
  'CpuResources.shares': [2],
  'CpuResources.quotaUs': [1000, -1],
  'CpuResources.periodUs': [1000],
  'CpuResources.realtimePeriodUs': [100_000],
  'CpuResources.cpusetCpus': ['0-1,3'],
  'CpuResources.cpusetMems': ['0'],
  'CpuResources.cpusetPartition': ['member', 'root', 'isolated'],
  'MemoryResources.maxBytes': bytes,
  'MemoryResources.memorySwapBytes': bytes,
  'MemoryResources.reservationBytes': bytes,
  'MemoryResources.highBytes': bytes,
  'HugetlbResources.pageSize': ['2MB', '1GB'],
  'IoResources.weight': [10],
  'IoDeviceValue.device': ['/dev/vda', '8:0'],
  'IoDeviceValue.value': [10],
  'NetworkResources.priorities': [{ eth0: 3 }],
  'NetworkResources.rateBits': [1_000_000],
  'NetworkResources.ceilBits': [1_000_000],
  'CgroupSetting.file': ['memory.high'],
  'CgroupSetting.value': ['1'],
};

/** A value of a field, and its name in messages. */
interface Sample {
  readonly name: string;
  readonly value: unknown;
}

function find(type: string, within: Message): Message | Enum | undefined {
  return within.nested?.[type] ?? types[type];
}

function samplesOf(message: string, within: Message, name: string, field: Field): Sample[] {
  const path = `${message}.${name}`;
  const list = (value: unknown) => (field.rule === 'repeated' ? [value] : value);
  const type = find(field.type, within);
  const given = samples[path];
  if (given) return given.map((value) => ({ name: `${path}=${JSON.stringify(value)}`, value: list(value) }));
  if (type && 'values' in type)
    return Object.keys(type.values).map((value) => ({ name: `${path}=${value}`, value: list(value) }));
  if (type) return variants(field.type, type).map(({ name, value }) => ({ name, value: list(value) }));
  if (field.type === 'bool') return [true, false].map((value) => ({ name: `${path}=${value}`, value }));
  assert.notEqual(field.type, 'string', `${path} is new: give samples of it`);
  return [{ name: path, value: list(1) }];
}

/** The message with its required fields, once for each value of each field. */
function variants(message: string, type: Message): Sample[] {
  const base = required[message] ?? {};
  const all = Object.entries(type.fields).flatMap(([name, field]) =>
    samplesOf(message, type, name, field).map((sample) => ({
      name: sample.name,
      value: {
        ...base,
        ...companions[`${message}.${name}`],
        ...companions[sample.name],
        [name]: sample.value,
      },
    })),
  );
  return [{ name: message, value: base }, ...all];
}

/** Enum values that do not stand for a value of their own. */
const notForUse = new Set(['Mount.type=TYPE_UNSPECIFIED', 'EgressPolicy.mode=MODE_UNSPECIFIED']);

test('every field and every member of every union survives the store, the run record and the API', (t) => {
  const run = mkdtempSync(join(tmpdir(), 'lk-round-'));
  t.after(() => rmSync(run, { recursive: true }));
  const context = { paths: { run }, networks: { endpointsOf: () => [] } } as unknown as EngineContext;
  const specs = variants('ContainerSpec', types['ContainerSpec'] as Message);
  assert.ok(specs.length > 150, `${specs.length} specs`);
  for (const { name, value } of specs) {
    if (notForUse.has(name)) continue;
    const spec = accepted(name, value as Fields);
    const container = new Container({ id: 'a'.repeat(64), createdAt: 1, spec, phase: { state: 'created' } });
    assert.deepEqual(Container.fromRow(container.toRow()).spec, spec, `${name} from the store`);

    mkdirSync(join(run, 'c', container.id), { recursive: true });
    writeRunRecord(context, container);
    const copy = readRunRecords(join(run, 'c', container.id)).container;
    assert.deepEqual(Container.fromRow(copy).spec, spec, `${name} from the run record`);

    const { GetContainer } = v1.ContainerService.service;
    const answer = GetContainer.responseDeserialize(
      GetContainer.responseSerialize({ container: formatContainer(containerView({ spec })) }),
    );
    assert.ok(answer.container);
    assert.deepEqual(
      withDefaults(parseSpec(answer.container.spec, 'spec', caller)),
      spec,
      `${name} by the API`,
    );
    assert.ok(inspectRecord(answer.container), name);
  }
});

function accepted(name: string, value: Fields): ContainerSpec {
  try {
    return withDefaults(parseSpec(wireSpec(value as never), 'spec', caller));
  } catch (error) {
    if (error instanceof LikerError) assert.fail(`${name} is refused: ${error.message}`);
    throw error;
  }
}
