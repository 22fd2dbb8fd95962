import { posix } from 'node:path';
import { badArgument } from '../../../../common/errors.ts';
import { checkContainerName } from '../../../../common/ids.ts';
import { parseSignal } from '../../../../common/signals.ts';
import type { ContainerSpec as ProtoSpec } from '../../../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { Rootfs as ProtoRootfs } from '../../../../proto/gen/types/liker/v1/Rootfs.ts';
import type {
  ContainerSpec,
  LogDriver,
  Namespaces,
  RestartPolicy,
  Rootfs,
} from '../../../engine/containers/model/spec.ts';
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
import { parseMainProcess, parseOnDisconnect } from './process.ts';
import { parseResources } from './resources.ts';
import { parseSysctls } from './sysctls.ts';
import { absolutePath, inRange, noNul, oneOf, required } from './text.ts';

const defaultShmBytes = 64 * 1024 * 1024;
const defaultStopTimeoutSeconds = 10;
const sigterm = 15;
const limitsModes = {
  LIMITS_MODE_UNSPECIFIED: 'strict',
  LIMITS_MODE_STRICT: 'strict',
  LIMITS_MODE_BEST_EFFORT: 'best-effort',
} as const satisfies Record<string, ContainerSpec['limits']>;
const logDrivers: Readonly<Record<string, LogDriver>> = {
  LOG_DRIVER_UNSPECIFIED: 'local',
  LOG_DRIVER_LOCAL: 'local',
  LOG_DRIVER_NONE: 'none',
};

/**
 * A complete, checked spec with all defaults but name and hostname, which may be empty. Throws BAD_ARGUMENT with the
 * field's path in it.
 */
export function parseSpec(spec: ProtoSpec | null, field: string): ContainerSpec {
  if (spec === null) throw badArgument(field, `Missing ${field}`);
  if (spec.name !== '') checkContainerName(spec.name, `${field}.name`);
  const namespaces = parseNamespaces(spec.namespaces, `${field}.namespaces`);
  return {
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
    stopSignal: spec.stopSignal === '' ? sigterm : parseSignal(spec.stopSignal, `${field}.stop_signal`),
    stopTimeoutSeconds: spec.stopTimeoutSeconds ?? defaultStopTimeoutSeconds,
    autoRemove: spec.autoRemove,
    timeoutSeconds: spec.timeoutSeconds,
    onDisconnect: parseOnDisconnect(spec.onDisconnect, `${field}.on_disconnect`, 'keep'),
    seccompUnconfined: spec.seccompUnconfined,
    restart: parseRestart(spec.restart, `${field}.restart`),
    devices: parseDevices(spec.devices, `${field}.devices`),
    deviceRules: parseDeviceRules(spec.deviceRules, `${field}.device_rules`),
    cgroupParent: parseCgroupParent(spec.cgroupParent, `${field}.cgroup_parent`),
    limits: oneOf(limitsModes, spec.limits, `${field}.limits`),
    healthCheck: parseHealthCheck(spec.healthCheck, `${field}.health_check`, spec),
    logDriver: oneOf(logDrivers, spec.logDriver, `${field}.log_driver`),
    ...parseLogBounds(spec, field),
    ...(spec.dnsSearch.length > 0 && {
      dnsSearch: each(spec.dnsSearch, `${field}.dns_search`, parseSearchDomain),
    }),
    ...(spec.dnsOptions.length > 0 && {
      dnsOptions: each(spec.dnsOptions, `${field}.dns_options`, parseResolverOption),
    }),
  };
}

function each<T>(items: readonly T[], field: string, parse: (item: T, field: string) => T): T[] {
  return items.map((item, index) => parse(item, `${field}[${index}]`));
}

const mostLogFiles = 1000;

function parseLogBounds(
  { logFileBytes, logFiles }: ProtoSpec,
  field: string,
): Pick<ContainerSpec, 'logFileBytes' | 'logFiles'> {
  return {
    ...(logFileBytes !== undefined && {
      logFileBytes: inRange(logFileBytes, 1, Number.MAX_SAFE_INTEGER, `${field}.log_file_bytes`),
    }),
    ...(logFiles !== undefined && { logFiles: inRange(logFiles, 1, mostLogFiles, `${field}.log_files`) }),
  };
}

const restartNames: Readonly<Record<string, RestartPolicy['name']>> = {
  NAME_UNSPECIFIED: 'no',
  NAME_NO: 'no',
  NAME_ON_FAILURE: 'on-failure',
  NAME_ALWAYS: 'always',
  NAME_UNLESS_STOPPED: 'unless-stopped',
};

/** The policy of a container, or the one that it is to have from now on. */
export function parseRestart(restart: ProtoSpec['restart'], field: string): RestartPolicy {
  const name = oneOf(restartNames, restart?.name ?? 'NAME_NO', `${field}.name`);
  const maxRetries = restart?.maxRetries ?? 0;
  if (maxRetries !== 0 && name !== 'on-failure') {
    throw badArgument(
      `${field}.max_retries`,
      `Cannot bound the restarts of policy '${name}': a bound goes with on-failure`,
    );
  }
  return { name, maxRetries };
}

const modes: Readonly<Record<string, Rootfs['mode']>> = {
  MODE_UNSPECIFIED: 'overlay',
  MODE_OVERLAY: 'overlay',
  MODE_READ_WRITE: 'rw',
  MODE_READ_ONLY: 'ro',
};

function parseRootfs(rootfs: ProtoRootfs | null, field: string): Rootfs {
  if (rootfs === null) throw badArgument(field, `Missing ${field}`);
  const directory = posix.resolve(absolutePath(rootfs.directory, `${field}.directory`));
  return { directory, mode: oneOf(modes, rootfs.mode, `${field}.mode`) };
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
function parseShmSize(bytes: number | undefined, field: string): number {
  return inRange(bytes || defaultShmBytes, 1, Number.MAX_SAFE_INTEGER, field);
}

function parseLabels(labels: Readonly<Record<string, string>>, field: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => {
      if (key === '') throw badArgument(field, `Invalid ${field}: a label needs a name`);
      return [noNul(key, field), noNul(value, `${field}['${key}']`)];
    }),
  );
}
