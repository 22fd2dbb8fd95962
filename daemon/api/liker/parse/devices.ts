import { posix } from 'node:path';
import { shortestPath } from '../../../../common/checks.ts';
import { invalid } from '../../../../common/errors.ts';
import type { Device as ProtoDevice } from '../../../../proto/gen/types/liker/v1/Device.ts';
import type { DeviceRule as ProtoRule } from '../../../../proto/gen/types/liker/v1/DeviceRule.ts';
import type { DeviceMapping, DeviceRule } from '../../../engine/containers/model/spec.ts';
import { required } from './text.ts';

export function parseDevices(devices: readonly ProtoDevice[], field: string): DeviceMapping[] {
  return devices.map((device, index) => ({
    hostPath: posix.normalize(required(device.hostPath, `${field}[${index}].host_path`)),
    containerPath: shortestPath(device.containerPath || device.hostPath),
    access: device.access || 'rwm',
  }));
}

/** A rule for both kinds is a rule for each. */
export function parseDeviceRules(rules: readonly ProtoRule[], field: string): DeviceRule[] {
  return rules.flatMap(({ type, deny, major = null, minor = null, access }, index) => {
    const path = `${field}[${index}].type`;
    if (!/^[abc]$/.test(required(type, path))) throw invalid(path, type, 'give a, b or c');
    const types = type === 'a' ? (['c', 'b'] as const) : ([type as 'b' | 'c'] as const);
    return types.map((one) => ({ allow: !deny, type: one, major, minor, access }));
  });
}
