import { posix } from 'node:path';
import { badArgument } from '../../../../common/errors.ts';
import type { Device as ProtoDevice } from '../../../../proto/gen/types/liker/v1/Device.ts';
import type { DeviceRule as ProtoRule } from '../../../../proto/gen/types/liker/v1/DeviceRule.ts';
import type { DeviceMapping, DeviceRule } from '../../../engine/containers/model/spec.ts';
import { absolutePath, inRange, required } from './text.ts';

/** The kernel's bounds of a device number (MINORBITS). */
const mostMajor = 2 ** 12 - 1;
const mostMinor = 2 ** 20 - 1;

export function parseDevices(devices: readonly ProtoDevice[], field: string): DeviceMapping[] {
  return devices.map((device, index) => {
    const path = `${field}[${index}]`;
    const hostPath = posix.normalize(absolutePath(device.hostPath, `${path}.host_path`));
    const containerPath = absolutePath(device.containerPath || hostPath, `${path}.container_path`);
    if (containerPath.split('/').includes('..')) {
      throw badArgument(
        `${path}.container_path`,
        `Invalid device path '${containerPath}': '..' is not allowed`,
      );
    }
    return {
      hostPath,
      containerPath: posix.normalize(containerPath),
      access: parseAccess(device.access || 'rwm', `${path}.access`),
    };
  });
}

function parseAccess(access: string, field: string): string {
  if (/^[rwm]{1,3}$/.test(access) && new Set(access).size === access.length) return access;
  throw badArgument(field, `Invalid ${field} '${access}': give some of r, w and m, such as rwm`);
}

/** A rule for both kinds is a rule for each. */
export function parseDeviceRules(rules: readonly ProtoRule[], field: string): DeviceRule[] {
  return rules.flatMap((rule, index) => {
    const path = `${field}[${index}]`;
    const type = required(rule.type, `${path}.type`);
    if (!/^[abc]$/.test(type)) {
      throw badArgument(`${path}.type`, `Invalid ${path}.type '${type}': give a, b or c`);
    }
    const types = type === 'a' ? (['c', 'b'] as const) : ([type as 'b' | 'c'] as const);
    const parsed = {
      allow: !rule.deny,
      major: rule.major === undefined ? null : inRange(rule.major, 0, mostMajor, `${path}.major`),
      minor: rule.minor === undefined ? null : inRange(rule.minor, 0, mostMinor, `${path}.minor`),
      access: parseAccess(rule.access, `${path}.access`),
    };
    return types.map((one) => ({ ...parsed, type: one }));
  });
}

/** Names from the top of each hierarchy, as of --cgroup-parent; empty for the daemon's own parent. */
export function parseCgroupParent(path: string, field: string): string {
  const names = path.split('/').filter((name) => name !== '');
  for (const name of names) {
    if (/^[A-Za-z0-9_+-][A-Za-z0-9_+.-]{0,63}$/.test(name)) continue;
    throw badArgument(
      field,
      `Invalid ${field} '${path}': give names of letters, digits and _ + - . such as jobs/night; '..' is not allowed`,
    );
  }
  if (path !== '' && names.length === 0) {
    throw badArgument(
      field,
      `Invalid ${field} '${path}': the top itself holds no container; give a name in it`,
    );
  }
  return names.join('/');
}
