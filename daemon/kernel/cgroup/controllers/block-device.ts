import { statSync } from 'node:fs';
import { deviceNumbers } from '../../../../common/device-numbers.ts';
import { errnoOf } from '../files.ts';
import { badKnob } from '../knobs.ts';

/** MAJOR:MINOR of a block device, given as its node or as MAJOR:MINOR. Throws BAD_ARGUMENT for `knob`. */
export function blockDevice(device: string, knob: string): string {
  if (/^\d{1,9}:\d{1,9}$/.test(device)) return device;
  let why = 'give the node of a block device such as /dev/vda, or its number such as 254:0';
  try {
    const stat = statSync(device);
    if (stat.isBlockDevice()) {
      const { major, minor } = deviceNumbers(stat.rdev);
      return `${major}:${minor}`;
    }
  } catch (error) {
    why = `${errnoOf(error)}; ${why}`;
  }
  throw badKnob(knob, `Invalid block device '${device}': ${why}`);
}
