import * as v from 'valibot';
import { fields, type Of } from '../../../common/schema.ts';

/** A process as the kernel knows it. A pid can be reused, but not with the same start time. */
export const hostProcess = fields({
  pid: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 22)),
  /** Field 22 of /proc/PID/stat, in clock ticks since boot, as text. */
  startTime: v.string(),
});
export interface HostProcess extends Of<typeof hostProcess> {}
