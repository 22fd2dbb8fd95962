import { readdirSync } from 'node:fs';

/** Each CPU reports its throttling by heat, which leaks what other processes compute. */
function thermalThrottle(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^cpu\d+$/.test(name))
      .map((name) => `${folder}/${name}/thermal_throttle`);
  } catch {
    return [];
  }
}

/** Docker's default of what a container must not see. Paths that the kernel lacks are skipped. */
export const maskedPaths: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
  ...thermalThrottle('/sys/devices/system/cpu'),
];

/** Docker's default of what a container may see but not change. */
export const readOnlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];
