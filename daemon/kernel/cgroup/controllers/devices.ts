import { LikerError } from '../../../../common/errors.ts';
import { attachDeviceFilter } from '../../../native/libliker.ts';
import { deviceProgram } from '../device-program.ts';
import { covers, type DeviceRule, defaultDeviceRules, meet, settled } from '../device-rules.ts';
import { errnoOf, failsWith, writeText } from '../files.ts';
import type { Layout, Place } from '../layout.ts';

function ruleText({ type, major, minor, access }: DeviceRule): string {
  return `${type} ${major ?? '*'}:${minor ?? '*'} ${access}`;
}

/** Writes all at once; if the cgroup above forbids one, writes them one by one. */
function allowEach(file: string, texts: readonly string[]): void {
  const isForbidden = (...some: readonly string[]) => failsWith(['EPERM'], () => writeText(file, ...some));
  // A device that likerd itself may not use, its containers may not use either.
  if (isForbidden(...texts)) for (const text of texts) isForbidden(text);
}

function allowAsked(file: string, rule: DeviceRule): void {
  const text = ruleText(rule);
  try {
    writeText(file, text);
  } catch (error) {
    const errno = errnoOf(error);
    throw new LikerError(
      'LIMIT_REFUSED',
      `Cannot allow the device '${text}': the kernel refused it for ${file} (${errno}): ` +
        'the parent cgroup does not allow it',
      {
        cause: error,
        metadata: { controller: 'devices', knob: 'devices', requested: text, path: file },
        syscall: { step: 'cgroup', syscall: 'write', errno, object: file },
      },
    );
  }
}

let defaultProgram: Uint8Array | null = null;

/**
 * Throws LIMIT_REFUSED for a denial that is narrower than an earlier permission: the kernel accepts it without effect
 * (devices.rst). Making nodes of any kind is always allowed, so only opening counts.
 */
function refuseHoles(file: string, rules: readonly DeviceRule[]): void {
  for (const [at, denied] of rules.entries()) {
    if (denied.allow) continue;
    const opens = (rule: DeviceRule): boolean =>
      [...'rw'].some((letter) => denied.access.includes(letter) && rule.access.includes(letter));
    const wider = rules
      .slice(0, at)
      .find((rule) => rule.allow && meet(rule, denied) && !covers(denied, rule) && opens(rule));
    if (wider === undefined) continue;
    throw new LikerError(
      'LIMIT_REFUSED',
      `Cannot deny the device '${ruleText(denied)}': the controller 'devices' of cgroup v1, ${file}, ` +
        `cannot exclude it from '${ruleText(wider)}', which is allowed; allow the others one by one`,
      {
        metadata: { controller: 'devices', knob: 'devices', requested: ruleText(denied), path: file },
      },
    );
  }
}

/** The rules that v1 is told one by one, after "a" in devices.deny. */
function allowedV1(file: string, more: readonly DeviceRule[]): DeviceRule[] {
  const rules = settled([...defaultDeviceRules, ...more]);
  refuseHoles(file, rules);
  return rules.filter(({ allow }) => allow);
}

function restrictV1(folder: string, more: readonly DeviceRule[]): void {
  const file = `${folder}/devices.allow`;
  const allowed = allowedV1(file, more);
  const isDefault = (rule: DeviceRule): boolean => defaultDeviceRules.includes(rule);
  writeText(`${folder}/devices.deny`, 'a');
  allowEach(file, allowed.filter(isDefault).map(ruleText));
  for (const rule of allowed) if (!isDefault(rule)) allowAsked(file, rule);
}

function noDeviceControl(): LikerError {
  return new LikerError(
    'CGROUP_CONTROLLER_MISSING',
    "Cannot restrict the container's devices: neither the v1 controller 'devices' nor cgroup v2 is mounted; " +
      'mount it: mount -t cgroup -o devices cgroup /sys/fs/cgroup/devices, or run the container privileged',
    { metadata: { controller: 'devices', path: '/proc/self/mountinfo' } },
  );
}

/** Where devices are restricted: the v1 controller, or v2's core. Only root on the host may: an ordinary user opens what he may open anyway. */
export function devicesPlace(layout: Layout): Place | undefined {
  if (layout.delegation !== null) return undefined;
  return (
    layout.places.find(({ version, controllers }) => version === 1 && controllers.includes('devices')) ??
    layout.places.find(({ version }) => version === 2)
  );
}

/** Throws CGROUP_CONTROLLER_MISSING if devices cannot be restricted here. */
export function checkDevices(layout: Layout): void {
  if (layout.delegation === null && devicesPlace(layout) === undefined) throw noDeviceControl();
}

/** Allows the default devices, as changed by `more`, and no others: devices.allow on v1, an eBPF program on v2. */
export function restrictDevices(
  layout: Layout,
  folderIn: (place: Place) => string,
  more: readonly DeviceRule[],
): void {
  if (layout.delegation !== null) return;
  const place = devicesPlace(layout);
  if (place === undefined) throw noDeviceControl();
  if (place.version === 1) {
    restrictV1(folderIn(place), more);
    return;
  }
  defaultProgram ??= deviceProgram(defaultDeviceRules);
  const program = more.length === 0 ? defaultProgram : deviceProgram([...defaultDeviceRules, ...more]);
  attachDeviceFilter(folderIn(place), program);
}

/** What restrictDevices writes, and where. Throws LIMIT_REFUSED as it does. */
export function deviceWrites(
  { version }: Place,
  folder: string,
  more: readonly DeviceRule[],
): { readonly file: string; readonly value: string }[] {
  if (version === 1) {
    const file = `${folder}/devices.allow`;
    const allowed = allowedV1(file, more);
    return [
      { file: `${folder}/devices.deny`, value: 'a' },
      ...allowed.map((rule) => ({ file, value: ruleText(rule) })),
    ];
  }
  return [...defaultDeviceRules, ...more].map((rule) => ({
    file: folder,
    value: `eBPF: ${rule.allow ? 'allow' : 'deny'} ${ruleText(rule)}`,
  }));
}
