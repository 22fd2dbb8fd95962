import { posix } from 'node:path';
import { badArgument } from '../../../../common/errors.ts';
import { checkContainerName } from '../../../../common/ids.ts';
import { check } from '../../../../common/schema.ts';
import { parseSignal } from '../../../../common/signals.ts';
import type { ContainerSpec as ProtoSpec } from '../../../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { Rootfs as ProtoRootfs } from '../../../../proto/gen/types/liker/v1/Rootfs.ts';
import {
  type ContainerSpec,
  type Namespaces,
  type RestartPolicy,
  specSchema,
} from '../../../engine/containers/model/spec.ts';
import { disconnectPolicies, limitsModes, logDrivers, restartNames, rootModes, wordFor } from '../words.ts';
import { parseCgroupParent, parseDeviceRules, parseDevices } from './devices.ts';
import { parseHealthCheck } from './health.ts';
import {
  parseExtraHost,
  parseNameServer,
  parseNodeName,
  parseResolverOption,
  parseSearchDomain,
} from './hosts.ts';
import { parseMounts } from './mounts.ts';
import { parseNamespaces } from './namespaces.ts';
import { parseMainProcess } from './process.ts';
import { parseResources } from './resources.ts';
import { parseSysctls } from './sysctls.ts';
import { absolutePath, ifSet, inRange, noNul, required } from './text.ts';

/**
 * A complete, checked spec with all defaults but name and hostname, which may be empty. Throws BAD_ARGUMENT with the
 * field's path in it.
 */
export function parseSpec(spec: ProtoSpec | null, field: string): ContainerSpec {
  if (spec === null) throw badArgument(field, `Missing ${field}`);
  if (spec.name !== '') checkContainerName(spec.name, `${field}.name`);
  const namespaces = parseNamespaces(spec.namespaces, `${field}.namespaces`);
  const given = {
    name: spec.name,
    rootfs: parseRootfs(spec.rootfs, `${field}.rootfs`),
    process: parseMainProcess(spec.process, `${field}.process`),
    ...parseNames(spec, namespaces, field),
    namespaces,
    mounts: parseMounts(spec.mounts, `${field}.mounts`),
    readOnly: spec.readOnly,
    shmSizeBytes: parseShmSize(spec.shmSizeBytes, `${field}.shm_size_bytes`),
    // Another's pid namespace has a first process already.
    init: (spec.init ?? true) && namespaces.pid.kind === 'private',
    capAdd: each(spec.capAdd, `${field}.cap_add`, required),
    capDrop: each(spec.capDrop, `${field}.cap_drop`, required),
    sysctls: parseSysctls(spec.sysctls, namespaces, `${field}.sysctls`),
    extraHosts: each(spec.extraHosts, `${field}.extra_hosts`, parseExtraHost),
    dns: each(spec.dns, `${field}.dns`, parseNameServer),
    labels: parseLabels(spec.labels, `${field}.labels`),
    resources: parseResources(spec.resources, `${field}.resources`),
    stopSignal: spec.stopSignal === '' ? undefined : parseSignal(spec.stopSignal, `${field}.stop_signal`),
    stopTimeoutSeconds: spec.stopTimeoutSeconds,
    autoRemove: spec.autoRemove,
    timeoutSeconds: spec.timeoutSeconds,
    onDisconnect: wordFor(disconnectPolicies, spec.onDisconnect, `${field}.on_disconnect`),
    seccompUnconfined: spec.seccompUnconfined,
    restart: parseRestart(spec.restart, `${field}.restart`),
    devices: parseDevices(spec.devices, `${field}.devices`),
    deviceRules: parseDeviceRules(spec.deviceRules, `${field}.device_rules`),
    cgroupParent: parseCgroupParent(spec.cgroupParent, `${field}.cgroup_parent`),
    limits: wordFor(limitsModes, spec.limits, `${field}.limits`),
    healthCheck: parseHealthCheck(spec.healthCheck, `${field}.health_check`, spec),
    logDriver: wordFor(logDrivers, spec.logDriver, `${field}.log_driver`),
    logFileBytes: ifSet(spec.logFileBytes, (bytes) =>
      inRange(bytes, 1, Number.MAX_SAFE_INTEGER, `${field}.log_file_bytes`),
    ),
    logFiles: ifSet(spec.logFiles, (files) => inRange(files, 1, mostLogFiles, `${field}.log_files`)),
    dnsSearch: each(spec.dnsSearch, `${field}.dns_search`, parseSearchDomain),
    dnsOptions: each(spec.dnsOptions, `${field}.dns_options`, parseResolverOption),
  };
  return check(specSchema, given, field);
}

function each<T>(items: readonly T[], field: string, parse: (item: T, field: string) => T): T[] {
  return items.map((item, index) => parse(item, `${field}[${index}]`));
}

const mostLogFiles = 1000;

/** The policy of a container, or the one that it is to have from now on. */
export function parseRestart(restart: ProtoSpec['restart'], field: string): RestartPolicy {
  const name = (restart && wordFor(restartNames, restart.name, `${field}.name`)) ?? 'no';
  const maxRetries = restart?.maxRetries ?? 0;
  if (maxRetries !== 0 && name !== 'on-failure') {
    throw badArgument(
      `${field}.max_retries`,
      `Cannot bound the restarts of policy '${name}': a bound goes with on-failure`,
    );
  }
  return { name, maxRetries };
}

function parseRootfs(rootfs: ProtoRootfs | null, field: string) {
  if (rootfs === null) throw badArgument(field, `Missing ${field}`);
  const directory = posix.resolve(absolutePath(rootfs.directory, `${field}.directory`));
  return { directory, mode: wordFor(rootModes, rootfs.mode, `${field}.mode`) };
}

function parseNames(
  spec: ProtoSpec,
  namespaces: Namespaces,
  field: string,
): { hostname: string; domainname: string } {
  for (const name of ['hostname', 'domainname'] as const) {
    if (spec[name] !== '' && namespaces.uts.kind === 'host') {
      throw badArgument(
        `${field}.${name}`,
        `Cannot set the ${name}: the container shares the host's UTS namespace, and it would change the host's`,
      );
    }
  }
  return {
    hostname: parseNodeName(spec.hostname, `${field}.hostname`),
    domainname: parseNodeName(spec.domainname, `${field}.domainname`),
  };
}

/** A size of 0 would be no bound at all to the kernel. */
function parseShmSize(bytes: number | undefined, field: string): number | undefined {
  return bytes ? inRange(bytes, 1, Number.MAX_SAFE_INTEGER, field) : undefined;
}

function parseLabels(labels: Readonly<Record<string, string>>, field: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => {
      if (key === '') throw badArgument(field, `Invalid ${field}: a label needs a name`);
      return [noNul(key, field), noNul(value, `${field}['${key}']`)];
    }),
  );
}
