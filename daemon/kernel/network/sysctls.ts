import { existsSync } from 'node:fs';

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
  return Object.fromEntries(
    defaults.filter(([name]) => existsSync(`/proc/sys/${name.replaceAll('.', '/')}`)),
  );
}
