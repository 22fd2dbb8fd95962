import { checkAbsolute, checkRange, checkTexts } from '../../../../common/checks.ts';
import { badArgument, invalid } from '../../../../common/errors.ts';
import { checkContainerName } from '../../../../common/ids.ts';
import { checkValues } from '../../../kernel/cgroup/table.ts';
import { checkLabels } from '../model/container-event.ts';
import type { Resources } from '../model/resources.ts';
import { type ContainerChange, type ContainerSpec, commandOf, ownVolumes, rootMode } from '../model/spec.ts';
import { checkCgroupParent, checkDeviceRules, checkDevices } from './devices.ts';
import { checkEgressOf } from './egress.ts';
import { checkHealthCheck } from './health.ts';
import { checkHosts, checkNames } from './hosts.ts';
import { checkMounts, checkSecrets } from './mounts.ts';
import { checkConnections } from './networks.ts';
import { checkProcess } from './process.ts';
import { checkRestart } from './restart.ts';
import { checkSecurity } from './security.ts';
import { checkSysctls } from './sysctls.ts';
import { checkUserNamespace } from './user-namespace.ts';

const most = Number.MAX_SAFE_INTEGER;
const mostLogFiles = 1000;
const mostSignals = 64;

/**
 * Throws BAD_ARGUMENT, with the field, for what no container may ask for, whatever API the spec came through. Looks at the spec
 * alone: what this machine has and allows is checked beside it.
 */
export function checkSpec(spec: ContainerSpec): void {
  checkTexts(spec, 'spec');
  if (spec.name !== '') checkContainerName(spec.name, 'spec.name');
  if (spec.rootfs.kind === 'directory') checkAbsolute(spec.rootfs.directory, 'spec.rootfs.directory');
  checkProcess({ ...spec.process, args: commandOf(spec) }, 'spec.process');
  checkExposedPorts(spec.exposedPorts);
  checkNames(spec);
  checkMounts([...spec.mounts, ...ownVolumes(spec.imageVolumes, spec.mounts)]);
  checkSecrets(spec);
  checkUserNamespace(spec);
  checkSysctls(spec);
  checkSecurity(spec);
  checkHosts(spec);
  checkConnections(spec);
  checkEgressOf(spec, 'spec.egress');
  checkLabels(spec.labels);
  checkResources(spec.resources, 'spec.resources');
  checkDevices(spec.devices);
  checkDeviceRules(spec.deviceRules);
  checkCgroupParent(spec.cgroupParent);
  checkRestart(spec, 'spec.restart');
  checkHealthCheck(spec);
  checkRange(spec.shmSizeBytes, [1, most], 'spec.shm_size_bytes');
  checkLayerSize(spec);
  checkRange(spec.stopSignal, [1, mostSignals], 'spec.stop_signal');
  checkRange(spec.stopTimeoutSeconds, [0, most], 'spec.stop_timeout_seconds');
  checkRange(spec.timeoutSeconds, [0, most], 'spec.timeout_seconds');
  if (spec.logFileBytes !== null) checkRange(spec.logFileBytes, [1, most], 'spec.log_file_bytes');
  if (spec.logFiles !== null) checkRange(spec.logFiles, [1, mostLogFiles], 'spec.log_files');
}

function checkLayerSize({ layerSizeBytes, rootfs }: ContainerSpec): void {
  checkRange(layerSizeBytes, [0, most], 'spec.layer_size_bytes');
  if (layerSizeBytes > 0 && rootMode(rootfs) !== 'overlay')
    throw badArgument(
      'spec.layer_size_bytes',
      'Cannot limit the layer of the container: its root is used as it is, so it has no layer; leave out :rw or :ro',
    );
}

function checkExposedPorts(ports: readonly string[]): void {
  for (const [index, port] of ports.entries())
    if (!/^\d{1,5}(-\d{1,5})?\/(tcp|udp|sctp)$/.test(port))
      throw invalid(`spec.exposed_ports[${index}]`, port, 'use PORT/tcp, PORT/udp or PORT/sctp');
}

/** The same for a change of a container; what it leaves is not looked at. */
export function checkChange(
  { autoRemove, namespaces }: ContainerSpec,
  { limits, restart, egress }: ContainerChange,
): void {
  checkTexts(limits, 'resources');
  checkResources(limits, 'resources');
  if (restart !== null) checkRestart({ restart, autoRemove }, 'restart');
  checkEgressOf({ egress, namespaces }, 'egress');
}

function checkResources(resources: Resources, field: string): void {
  checkValues(resources, field);
  for (const [name, bits] of [
    ['rate_bits', resources.network.rateBits],
    ['ceil_bits', resources.network.ceilBits],
  ] as const)
    if (bits) checkRange(bits, [1000, 1e15, '10000000, or 0 for no limit'], `${field}.network.${name}`);
}
