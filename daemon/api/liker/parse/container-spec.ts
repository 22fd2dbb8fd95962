import { posix } from 'node:path';
import { badArgument, invalid } from '../../../../common/errors.ts';
import { parseSignal } from '../../../../common/signals.ts';
import type { ContainerSpec as ProtoSpec } from '../../../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { PublishedPort as ProtoPort } from '../../../../proto/gen/types/liker/v1/PublishedPort.ts';
import type { Rootfs as ProtoRootfs } from '../../../../proto/gen/types/liker/v1/Rootfs.ts';
import {
  type AskedSpec,
  cniPrefix,
  type NetworkConnection,
  type PublishedPort,
  type RestartPolicy,
} from '../../../engine/containers/model/spec.ts';
import {
  disconnectPolicies,
  healthActions,
  limitsModes,
  logDrivers,
  restartNames,
  rootModes,
  wordFor,
} from '../words.ts';
import { parseDeviceRules, parseDevices } from './devices.ts';
import { parseEgress } from './egress.ts';
import { parseMounts } from './mounts.ts';
import { type Caller, parseNamespaces } from './namespaces.ts';
import { parseMainProcess } from './process.ts';
import { parseResources } from './resources.ts';
import { given, plain, required } from './text.ts';

/**
 * Without what the request leaves to the image or the defaults. Throws BAD_ARGUMENT, with the field, for what has no meaning; what a
 * container may ask for is the engine's to check.
 */
export function parseSpec(spec: ProtoSpec | null, field: string, caller: Caller | null): AskedSpec {
  if (spec === null) throw badArgument(field, `Missing ${field}`);
  const namespaces = parseNamespaces(spec.namespaces, `${field}.namespaces`, caller);
  return {
    ...plain(spec),
    rootfs: parseRootfs(spec.rootfs, `${field}.rootfs`),
    entrypoint: spec.entrypoint?.args,
    process: parseMainProcess(spec.process, `${field}.process`),
    namespaces,
    mounts: parseMounts(spec.mounts, `${field}.mounts`),
    secrets: spec.secrets.map((secret) => ({
      ...given(secret, ['mode']),
      name: secret.name,
      target: secret.target || `/run/secrets/${secret.name}`,
    })),
    shmSizeBytes: spec.shmSizeBytes || undefined,
    layerSizeBytes: spec.layerSizeBytes,
    capAdd: each(spec.capAdd, `${field}.cap_add`, required),
    capDrop: each(spec.capDrop, `${field}.cap_drop`, required),
    // An IPv6 address may be in brackets.
    extraHosts: spec.extraHosts.map((line) => line.replace(/:\[(.*)\]$/, ':$1')),
    ...parseConnections(spec.networks.map(plain)),
    egress: parseEgress(spec.egress, `${field}.egress`),
    ports: spec.ports.map((port, index) => parsePort(port, `${field}.ports[${index}]`)),
    resources: parseResources(spec.resources, `${field}.resources`),
    stopSignal: spec.stopSignal === '' ? undefined : parseSignal(spec.stopSignal, `${field}.stop_signal`),
    onDisconnect: wordFor(disconnectPolicies, spec.onDisconnect, `${field}.on_disconnect`),
    restart: parseRestart(spec.restart, `${field}.restart`),
    devices: parseDevices(spec.devices, `${field}.devices`),
    deviceRules: parseDeviceRules(spec.deviceRules, `${field}.device_rules`),
    cgroupParent: parseCgroupParent(spec.cgroupParent),
    limits: wordFor(limitsModes, spec.limits, `${field}.limits`),
    healthCheck: parseHealthCheck(spec.healthCheck, `${field}.health_check`),
    logDriver: wordFor(logDrivers, spec.logDriver, `${field}.log_driver`),
  };
}

/** Those of CNI have a word before their names. */
function parseConnections(connections: readonly NetworkConnection[]): Pick<AskedSpec, 'networks' | 'cni'> {
  const isCni = ({ network }: NetworkConnection): boolean => network.startsWith(cniPrefix);
  return {
    networks: connections.filter((one) => !isCni(one)),
    cni: connections.filter(isCni).map((one) => ({ ...one, network: one.network.slice(cniPrefix.length) })),
  };
}

function parsePort({ protocol, length, hostPorts, ...port }: ProtoPort, field: string): PublishedPort {
  return {
    ...plain(port),
    protocol: parseProtocol(protocol || 'tcp', `${field}.protocol`),
    length: length || 1,
    hostPorts: hostPorts || 1,
  };
}

const protocols = ['tcp', 'udp', 'sctp'] as const;

function parseProtocol(text: string, field: string): PublishedPort['protocol'] {
  const protocol = protocols.find((word) => word === text);
  if (protocol === undefined) throw invalid(field, text, `use ${protocols.join(', ')}`);
  return protocol;
}

function each<T>(items: readonly T[], field: string, parse: (item: T, field: string) => T): T[] {
  return items.map((item, index) => parse(item, `${field}[${index}]`));
}

/** The policy of a container, or the one that it is to have from now on. */
export function parseRestart(restart: ProtoSpec['restart'], field: string): RestartPolicy {
  const name = (restart && wordFor(restartNames, restart.name, `${field}.name`)) ?? 'no';
  return { name, maxRetries: restart?.maxRetries ?? 0 };
}

/** Names from the top of each hierarchy, with or without slashes around them. */
function parseCgroupParent(path: string): string {
  return (
    path
      .split('/')
      .filter((name) => name !== '')
      .join('/') || path
  );
}

function parseRootfs(rootfs: ProtoRootfs | null, field: string) {
  if (rootfs === null) throw badArgument(field, `Missing ${field}`);
  const mode = wordFor(rootModes, rootfs.mode, `${field}.mode`);
  if (rootfs.image !== '') return parseImage(rootfs, field);
  const directory = required(rootfs.directory, `${field}.directory`);
  return {
    // Without a slash at its end; a relative one stays so, and is refused.
    directory: posix.normalize(directory).replace(/(?<=.)\/$/, ''),
    mode,
  };
}

function parseImage({ image, directory, mode }: ProtoRootfs, field: string) {
  if (directory !== '')
    throw badArgument(`${field}.directory`, `Invalid ${field}: give either a directory or an image`);
  if (mode !== 'MODE_UNSPECIFIED' && mode !== 'MODE_OVERLAY')
    throw badArgument(
      `${field}.mode`,
      `Invalid ${field}.mode: the layers of an image are shared, so each container writes to one of its own; read_only forbids that`,
    );
  return { kind: 'image', name: image } as const;
}

/** 0 stands for the default, as in Docker. */
function parseHealthCheck(check: ProtoSpec['healthCheck'], field: string) {
  if (check === null) return undefined;
  const { none, ...rest } = check;
  if (none) return parseNoHealthCheck(rest, field);
  if (check.shell !== '' && check.args.length > 0)
    throw badArgument(field, `Invalid ${field}: give either a shell line or args`);
  return { ...given(rest), onFailure: wordFor(healthActions, check.onFailure, `${field}.on_failure`) };
}

function parseNoHealthCheck(rest: object, field: string): null {
  const set = Object.entries(given(rest)).find(
    ([, value]) => !(Array.isArray(value) && value.length === 0) && value !== 'ON_FAILURE_UNSPECIFIED',
  );
  if (set) throw badArgument(field, `Invalid ${field}: with none, nothing else can be set`);
  return null;
}
