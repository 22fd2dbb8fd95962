// Rules hold for a spec that comes by any API: these specs have never been the request of one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import type { Given } from '../../../../common/schema.ts';
import { baseSpec, specOf } from '../../../test/fake-engine.ts';
import type { EngineContext } from '../../context.ts';
import type { execSchema } from '../../process/spec.ts';
import { Container } from '../model/container.ts';
import { limitsOf } from '../model/resources.ts';
import type { ContainerChange, specSchema } from '../model/spec.ts';
import { createContainer } from '../verbs/create.ts';
import { execInContainer } from '../verbs/exec.ts';
import { updateContainer } from '../verbs/update.ts';
import { checkSpec } from './check-spec.ts';

type Patch = Partial<Given<typeof specSchema>>;

/** Nothing of the machine may be looked at or changed before the rules are met. */
const untouched = new Proxy({} as EngineContext, {
  get: (_, name) => assert.fail(`the context's ${String(name)} was used`),
});

function badArgument(field: string) {
  return (error: unknown) => {
    assert.ok(error instanceof LikerError, String(error));
    assert.deepEqual([error.reason, error.field], ['BAD_ARGUMENT', field], error.message);
    return true;
  };
}

const bind = { type: 'bind', source: '/srv', target: '/data' } as const;
const tmpfs = { type: 'tmpfs', target: '/data' } as const;
const args = ['true'];

const refused: readonly [field: string, patch: Patch][] = [
  ['spec.name', { name: '../x' }],
  ['spec.rootfs.directory', { rootfs: { directory: 'srv' } }],
  ['spec.rootfs.directory', { rootfs: { directory: '/srv\0' } }],
  ['spec.process.args', { process: { args: [] } }],
  ['spec.process.args[0]', { process: { args: [''] } }],
  ['spec.process.args[1]', { process: { args: ['sh', 'a\0b'] } }],
  ['spec.process', { process: { args: ['sh', 'x'.repeat(128 * 1024)] } }],
  ['spec.process.env[0]', { process: { args, env: ['=x'] } }],
  ['spec.process.cwd', { process: { args, cwd: 'tmp' } }],
  ['spec.process.additional_groups[0]', { process: { args, additionalGroups: ['b,c'] } }],
  ['spec.process.additional_groups[0]', { process: { args, additionalGroups: ['4294967295'] } }],
  ['spec.process.rlimits[0].name', { process: { args, rlimits: [{ name: 'files', soft: '1', hard: '1' }] } }],
  ['spec.process.rlimits[0].soft', { process: { args, rlimits: [{ name: 'core', soft: '2', hard: '1' }] } }],
  ['spec.process.rlimits[0].hard', { process: { args, rlimits: [{ name: 'core', soft: '2', hard: '-1' }] } }],
  ['spec.process.oom_score_adj', { process: { args, oomScoreAdj: -1001 } }],
  ['spec.cap_add[0]', { capAdd: ['NET_ADMON'] }],
  ['spec.cap_drop[1]', { capDrop: ['ALL', 'NOSUCH'] }],
  ['spec.hostname', { hostname: 'a b' }],
  ['spec.domainname', { domainname: 'x\n' }],
  ['spec.hostname', { hostname: 'web', namespaces: { uts: { kind: 'host' } } }],
  ['spec.mounts[0].target', { mounts: [{ ...bind, target: 'data' }] }],
  ['spec.mounts[0].target', { mounts: [{ ...bind, target: '/a/../../etc' }] }],
  ['spec.mounts[0].target', { mounts: [{ ...bind, target: '/' }] }],
  ['spec.mounts[0].target', { mounts: [{ ...tmpfs, target: '/data//x' }] }],
  ['spec.mounts[0].target', { mounts: [{ ...tmpfs, target: '/data/' }] }],
  ['spec.mounts[0].source', { mounts: [{ ...bind, source: 'srv' }] }],
  ['spec.mounts[0].read_only_non_recursive', { mounts: [{ ...bind, readOnlyNonRecursive: true }] }],
  ['spec.mounts[1].target', { mounts: [bind, tmpfs] }],
  ['spec.mounts[0].options[1]', { mounts: [{ ...tmpfs, options: ['ro', 'quick'] }] }],
  ["spec.sysctls['kernel.panic']", { sysctls: { 'kernel.panic': '1' } }],
  ["spec.sysctls['net./../kernel/panic']", { sysctls: { 'net./../kernel/panic': '1' } }],
  [
    "spec.sysctls['net.core.somaxconn']",
    { sysctls: { 'net.core.somaxconn': '1' }, namespaces: { network: { kind: 'host' } } },
  ],
  ['spec.extra_hosts[0]', { extraHosts: ['db:1.2.3.4\n0.0.0.0 evil'] }],
  ['spec.dns[0]', { dns: ['dns.example'] }],
  ['spec.dns_search[0]', { dnsSearch: ['a b'] }],
  ['spec.dns_options[0]', { dnsOptions: ['ndots:2\nnameserver'] }],
  ['spec.egress.rules', { egress: { mode: 'none', rules: ['10.0.0.0/8'] } }],
  ['spec.egress.rules', { egress: { mode: 'allow' } }],
  ['spec.egress.rules', { egress: { mode: 'allow', rules: new Array(1001).fill('10.0.0.0/8') } }],
  ['spec.egress.rules[1]', { egress: { mode: 'allow', rules: ['10.0.0.0/8', 'exa mple'] } }],
  ['spec.egress', { egress: { mode: 'none' }, namespaces: { network: { kind: 'host' } } }],
  ['spec.egress', { egress: { mode: 'none' }, namespaces: { network: { kind: 'container', id: 'a' } } }],
  ['spec.egress', { egress: { mode: 'none' }, namespaces: { network: { kind: 'path', path: '/n' } } }],
  [
    'spec.egress',
    {
      egress: { mode: 'allow', rules: ['10.0.0.0/8'] },
      namespaces: { network: { kind: 'private', alone: true } },
    },
  ],
  ['spec.labels', { labels: { '': 'x' } }],
  ['spec.labels', { labels: { a: 'x'.repeat(65 * 1024) } }],
  ['spec.labels.a', { labels: { a: '\0' } }],
  ['spec.resources.cpu.shares', { resources: { cpu: { shares: 1 } } }],
  ['spec.resources.cpu.cpuset_cpus', { resources: { cpu: { cpusetCpus: '1-0' } } }],
  ['spec.resources.memory.max_bytes', { resources: { memory: { maxBytes: 6 * 2 ** 20 - 1 } } }],
  ['spec.resources.pids.max', { resources: { pids: { max: 0 } } }],
  ['spec.resources.hugetlb[0].max_bytes', { resources: { hugetlb: [{ pageSize: '2MB', maxBytes: -2 }] } }],
  ['spec.resources.hugetlb', { resources: { hugetlb: [{ pageSize: '2MB' }, { pageSize: '2MB' }] } }],
  ['spec.resources.io.read_bps[0].device', { resources: { io: { readBps: [{ device: 'vda', value: 1 }] } } }],
  [
    'spec.resources.io.read_iops[1].value',
    {
      resources: {
        io: {
          readIops: [
            { device: '1:1', value: 1 },
            { device: '1:2', value: 2 ** 32 },
          ],
        },
      },
    },
  ],
  ['spec.resources.network.priorities', { resources: { network: { priorities: { 'a/b': 1 } } } }],
  ['spec.resources.network.rate_bits', { resources: { network: { rateBits: 999 } } }],
  [
    'spec.resources.cgroup.settings',
    { resources: { cgroup: { settings: [{ file: '../memory.high', value: '1' }] } } },
  ],
  ['spec.devices[0].host_path', { devices: [{ hostPath: 'fuse', containerPath: '/dev/f', access: 'r' }] }],
  [
    'spec.devices[0].container_path',
    { devices: [{ hostPath: '/dev/a', containerPath: '/dev/../x', access: 'r' }] },
  ],
  ['spec.devices[0].access', { devices: [{ hostPath: '/dev/a', containerPath: '/dev/a', access: 'rr' }] }],
  ['spec.device_rules[0].access', { deviceRules: [{ allow: true, type: 'c', access: '' }] }],
  ['spec.device_rules[0].minor', { deviceRules: [{ allow: true, type: 'c', access: 'r', minor: 2 ** 20 }] }],
  ['spec.cgroup_parent', { cgroupParent: 'a/../b' }],
  ['spec.cgroup_parent', { cgroupParent: '/a' }],
  ['spec.restart', { restart: { name: 'always' }, autoRemove: true }],
  ['spec.restart.max_retries', { restart: { name: 'always', maxRetries: 1 } }],
  ['spec.health_check.args', { healthCheck: {} }],
  ['spec.health_check.interval_ms', { healthCheck: { args, intervalMs: 2 ** 31 } }],
  ['spec.health_check.on_failure', { healthCheck: { args, onFailure: 'restart' }, autoRemove: true }],
  ['spec.shm_size_bytes', { shmSizeBytes: 0 }],
  ['spec.stop_signal', { stopSignal: 65 }],
  ['spec.stop_timeout_seconds', { stopTimeoutSeconds: -1 }],
  ['spec.timeout_seconds', { timeoutSeconds: 0.5 }],
  ['spec.log_file_bytes', { logFileBytes: 0 }],
  ['spec.log_files', { logFiles: 1001 }],
];

test('a container that violates a rule is not created', async () => {
  checkSpec(baseSpec);
  for (const [field, patch] of refused)
    await assert.rejects(
      createContainer(untouched, specOf(patch), { replace: false, request: null }),
      badArgument(field),
      JSON.stringify(patch).slice(0, 200),
    );
});

test('T15: an invalid user is refused', () => {
  for (const user of ['a:b:c', '::', 'a\nroot', 'web\t', '-1', '4294967295', '00000000000', 'web:-1'])
    assert.throws(
      () => checkSpec(specOf({ process: { args, user } })),
      badArgument('spec.process.user'),
      JSON.stringify(user),
    );
});

const container = new Container({ id: 'a', createdAt: 1, spec: baseSpec, phase: { state: 'created' } });

test('a process that violates a rule is not started', async () => {
  const { process } = baseSpec;
  const cases: [string, Partial<Given<typeof execSchema>>][] = [
    ['process.args', { args: [] }],
    ['process.cwd', { cwd: 'tmp' }],
    ['process.user', { user: 'a:b:c' }],
    ['process.env[0]', { env: ['A=\0'] }],
  ];
  for (const [field, patch] of cases)
    await assert.rejects(
      execInContainer(untouched, container, { ...process, ...patch } as never, { onDisconnect: 'kill' }),
      badArgument(field),
    );
});

test('an update that violates a rule is not made', async () => {
  const none = limitsOf({});
  const cases: [string, ContainerChange][] = [
    ['resources.pids.max', { limits: limitsOf({ pids: { max: -2 } }), restart: null, egress: null }],
    [
      'resources.network.ceil_bits',
      { limits: limitsOf({ network: { ceilBits: 1 } }), restart: null, egress: null },
    ],
    ['restart.max_retries', { limits: none, restart: { name: 'no', maxRetries: 1 }, egress: null }],
    ['egress.rules[0]', { limits: none, restart: null, egress: { mode: 'allow', rules: ['*'] } }],
  ];
  for (const [field, change] of cases)
    await assert.rejects(updateContainer(untouched, container, change), badArgument(field));
});
