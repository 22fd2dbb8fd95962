import type { DeviceInput } from '../../proto/gen/types/liker/v1/Device.ts';
import type { DeviceRuleInput } from '../../proto/gen/types/liker/v1/DeviceRule.ts';
import { invalidFlag } from './invalid-flag.ts';
import { absolutePath } from './paths.ts';

/** Parses --device HOST[:CONTAINER[:rwm]], and Docker's HOST:rwm. */
export function parseDevice(text: string): DeviceInput {
  const [host = '', second = '', third = '', ...more] = text.split(':');
  const isAccess = third === '' && /^[rwm]{1,3}$/.test(second);
  const access = isAccess ? second : third;
  const target = isAccess ? '' : second;
  const isBad =
    host === '' ||
    more.length > 0 ||
    (target !== '' && !target.startsWith('/')) ||
    !/^[rwm]{0,3}$/.test(access);
  if (isBad) {
    throw invalidFlag('device', text, 'use HOST[:CONTAINER[:rwm]], such as /dev/fuse:/dev/fuse:rw');
  }
  return { hostPath: absolutePath(host), containerPath: target, access };
}

/** Parses --device-cgroup-rule 'c 10:200 rwm'; * stands for any number, and a leading "deny " forbids. */
export function parseDeviceRule(text: string): DeviceRuleInput {
  const pattern = /^(allow |deny )?([abc]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/;
  const [match, verb, type = '', major = '', minor = '', access = ''] = pattern.exec(text) ?? [];
  if (match === undefined) {
    throw invalidFlag(
      'device-cgroup-rule',
      text,
      `use TYPE MAJOR:MINOR ACCESS, such as 'c 10:200 rwm' or 'b 8:* r'`,
    );
  }
  return {
    deny: verb === 'deny ',
    type,
    access,
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
  };
}
