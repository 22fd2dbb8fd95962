import { forEachKnob, hasFile, requireFile, type Target } from './apply.ts';
import { devicesPlace, deviceWrites } from './controllers/devices.ts';
import type { DeviceRule } from './device-rules.ts';
import type { Layout, Place } from './layout.ts';
import type { Resources } from './resources.ts';

/** One text that a start writes to one file of the container's cgroup. */
export interface CgroupWrite {
  /** The limit that asks for it, such as memory.max_bytes; "devices" for the devices that it may use. */
  readonly knob: string;
  /** Absolute path. For an eBPF program, the folder that it is attached to. */
  readonly file: string;
  /** As the kernel gets it, or what the program does. */
  readonly value: string;
}

/** What a start writes to set these limits, in the kernel's order. Writes nothing. Throws as applyResources does. */
export function limitWrites(resources: Resources, target: Target): CgroupWrite[] {
  const writes = new Map<string, CgroupWrite>();
  forEachKnob(resources, target, (job) => {
    requireFile(job, target);
    const { knob, side, place, requested } = job;
    const folder = target.folderIn(place);
    if (side.socketProgram)
      writes.set(folder, { knob: knob.name, file: folder, value: `eBPF: SO_PRIORITY = ${requested}` });
    // Nothing of an earlier run counts.
    for (const { file, value, part, quiet } of side.writes(resources, { ...job.context, read: () => null })) {
      const key = `${folder}/${file} ${part?.key ?? ''}`;
      if (writes.has(key) || (quiet && !hasFile(place, file, target.layout.seen))) continue;
      writes.set(key, { knob: knob.name, file: `${folder}/${file}`, value });
    }
    return null;
  });
  return [...writes.values()];
}

/** What a start writes to restrict devices. Throws as restrictDevices does. */
export function restrictionWrites(
  layout: Layout,
  folderIn: (place: Place) => string,
  rules: readonly DeviceRule[],
): CgroupWrite[] {
  const place = devicesPlace(layout);
  if (place === undefined) return [];
  return deviceWrites(place, folderIn(place), rules).map((write) => ({ knob: 'devices', ...write }));
}
