import { existsSync } from 'node:fs';

/**
 * Defaults of a container's own network namespace, as in Docker: every port may be
 * bound and every group may ping without a capability. Those that a kernel lacks are left out.
 */
export const ownNetworkSysctls: Readonly<Record<string, string>> = Object.fromEntries(
  (
    [
      ['net.ipv4.ip_unprivileged_port_start', '0'],
      ['net.ipv4.ping_group_range', '0 2147483647'],
    ] as const
  ).filter(([name]) => existsSync(`/proc/sys/${name.replaceAll('.', '/')}`)),
);
