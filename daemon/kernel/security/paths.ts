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

const masked = [
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

const readOnly = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** Docker's default of what a container must not see, and what it may see but not change. Paths that the kernel lacks are skipped. */
export const defaultPaths: { readonly masked: readonly string[]; readonly readOnly: readonly string[] } = {
  masked,
  readOnly,
};
