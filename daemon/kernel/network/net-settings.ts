import { openSync, readFileSync } from 'node:fs';

/** Open as long as likerd runs. */
let folder: number | undefined;

/**
 * A sysctl of likerd's network namespace, by its file below /proc/sys/net. That folder is found once: all namespaces have one of this name in the same place,
 * among which the kernel looks for each path, which takes longer with each container. Throws as readFileSync does.
 */
export function readNetSetting(file: string): string {
  folder ??= openSync('/proc/sys/net', 'r');
  return readFileSync(`/proc/self/fd/${folder}/${file}`, 'latin1').trim();
}
