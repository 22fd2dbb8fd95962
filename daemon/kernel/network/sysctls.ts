import { existsSync } from 'node:fs';
import { probeSysctl } from '../../native/libliker.ts';

/**
 * Defaults of a container's own network namespace, as in Docker: binding any port and ping need no capability. Without those
 * that the kernel lacks. A new namespace takes ip_forward from the initial one (Linux 6.18), so that a container on a router would be one, too.
 * `groups`: the first and the last that there are.
 */
export function ownNetworkSysctls(groups = '0 2147483647'): Readonly<Record<string, string>> {
  const defaults = [
    ['net.ipv4.ip_forward', '0'],
    ['net.ipv4.ip_unprivileged_port_start', '0'],
    ['net.ipv4.ping_group_range', groups],
  ] as const;
  return Object.fromEntries(defaults.filter(([name]) => existsSync(sysctlFile(name))));
}

/** The file of a sysctl, below /proc/sys. In its name, a slash stands for a dot within a part (sysctl(8)). */
export function sysctlPath(name: string): string {
  return swapped(name);
}

/** The name of the sysctl with that file, below /proc/sys. */
export function sysctlName(path: string): string {
  return swapped(path);
}

function swapped(text: string): string {
  return text.replace(/[./]/g, (character) => (character === '.' ? '/' : '.'));
}

function sysctlFile(name: string): string {
  return `/proc/sys/${sysctlPath(name)}`;
}

/**
 * The first of these sysctls that the kernel withholds from the network namespace of a user namespace; null if it withholds none.
 * The list differs between kernels (net/core/sysctl_net_core.c, net/ipv6/route.c), so the kernel is asked.
 */
export function withheldSysctl(names: readonly string[], exists = probeSysctl): string | null {
  const isWithheld = (name: string): boolean =>
    !exists(sysctlFile(name), { inUserNamespace: true }) &&
    exists(sysctlFile(name), { inUserNamespace: false });
  return names.filter((name) => name.startsWith('net.')).find(isWithheld) ?? null;
}
