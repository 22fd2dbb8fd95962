import { checkAbsolute, checkInnerPath, checkRange } from '../../../../common/checks.ts';
import { badArgument, invalid } from '../../../../common/errors.ts';
import { isCgroupName } from '../../../kernel/cgroup/cgroups.ts';
import { isDeviceAccess, mostMajor, mostMinor } from '../../../kernel/cgroup/device-rules.ts';
import type { ContainerSpec, DeviceMapping, DeviceRule } from '../model/spec.ts';

export function checkDevices(devices: readonly DeviceMapping[]): void {
  for (const [index, { hostPath, containerPath, access }] of devices.entries()) {
    const field = `spec.devices[${index}]`;
    checkAbsolute(hostPath, `${field}.host_path`);
    checkInnerPath(containerPath, `${field}.container_path`, 'device path');
    checkAccess(access, `${field}.access`);
  }
}

export function checkDeviceRules(rules: readonly DeviceRule[]): void {
  for (const [index, { major, minor, access }] of rules.entries()) {
    const field = `spec.device_rules[${index}]`;
    if (major !== null) checkRange(major, [0, mostMajor], `${field}.major`);
    if (minor !== null) checkRange(minor, [0, mostMinor], `${field}.minor`);
    checkAccess(access, `${field}.access`);
  }
}

/** Only root may attach rules for devices; without them a device is open to whom its mode lets. */
export function checkDeviceLimits(
  { devices, deviceRules, process }: Pick<ContainerSpec, 'devices' | 'deviceRules' | 'process'>,
  isRootOnHost: boolean,
): void {
  if (isRootOnHost || process.privileged) return;
  const why = 'likerd runs without root, and only root may attach rules for devices';
  for (const [index, { access }] of devices.entries())
    if (!isFullAccess(access))
      throw invalid(
        `spec.devices[${index}].access`,
        access,
        `${why}; leave it out, or change the device's mode`,
      );
  for (const [index, { allow }] of deviceRules.entries())
    if (!allow) throw invalid(`spec.device_rules[${index}]`, 'deny', `${why}; leave it out`);
}

/** As a set: r, w and m in any order. */
function isFullAccess(access: string): boolean {
  return ['r', 'w', 'm'].every((letter) => access.includes(letter));
}

function checkAccess(access: string, field: string): void {
  if (!isDeviceAccess(access)) throw invalid(field, access, 'give some of r, w and m, such as rwm');
}

/** Names from the top of each hierarchy, as of --cgroup-parent; empty for the daemon's own parent. */
export function checkCgroupParent(path: string): void {
  if (path === '' || path.split('/').every(isCgroupName)) return;
  throw badArgument(
    'spec.cgroup_parent',
    `Invalid spec.cgroup_parent '${path}': give names of letters, digits and _ + - . such as jobs/night; '..' is not allowed`,
  );
}
