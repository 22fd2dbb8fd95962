import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Addresses inside. The container's own, not the host's, so that it can reach those of the host. */
const inside = {
  v4: { address: '10.213.0.2', gateway: '10.213.0.1', prefix: '24' },
  v6: { address: 'fd13:6c6b::2', gateway: 'fd13:6c6b::1' },
} as const;

/** Inside, this is the host's name server. */
const nameServer = '10.213.0.3';

/** What pasta needs of the machine, as files. */
export interface PastaNeeds {
  readonly tunnel: string;
  /** Tables of routes, as in proc(5). */
  readonly routes: { readonly v4: string; readonly v6: string };
}

const here: PastaNeeds = {
  tunnel: '/dev/net/tun',
  routes: { v4: '/proc/net/route', v6: '/proc/net/ipv6_route' },
};

/** pasta(1), which connects a private network namespace with the rights of an ordinary user. */
export interface Pasta {
  /** Why it cannot be used, and what to do; empty: it can. Asked at each start, since it may be installed meanwhile. */
  problem(): string;
  /** The program and its arguments, for a container with this run folder: see shimSettings.network. */
  command(runFolder: string): string[];
  /** What stands for the host's name server inside. */
  readonly nameServer: string;
}

/** `path`: as $PATH. */
export function pastaIn(path: string | undefined, { tunnel, routes }: PastaNeeds = here): Pasta {
  const find = (): string | null => programIn(path, 'pasta');
  return {
    problem() {
      if (find() === null) return "pasta is missing; run 'sudo apt-get install passt'";
      if (!isAllowed(tunnel, constants.R_OK | constants.W_OK))
        return `likerd's user may not open ${tunnel}; run 'sudo chmod 666 ${tunnel}', after 'sudo modprobe tun' if it is missing`;
      return hasDefaultRoute(routes) ? '' : 'the machine itself has no default route';
    },
    nameServer,
    command: (runFolder) => [find() ?? 'pasta', ...options(runFolder)],
  };
}

/** Nothing of the host's loopback is reachable inside, and no port inside from the host. */
function options(runFolder: string): string[] {
  const { v4, v6 } = inside;
  return [
    ...['--config-net', '--quiet', '--no-map-gw'],
    ...['--tcp-ports', 'none', '--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none'],
    ...['--address', v4.address, '--netmask', v4.prefix, '--gateway', v4.gateway],
    ...['--address', v6.address, '--gateway', v6.gateway],
    ...['--dns-forward', nameServer, '--ns-ifname', 'eth0'],
    ...['--pid', join(runFolder, 'network.pid'), '--netns', join(runFolder, 'network')],
  ];
}

function programIn(path: string | undefined, name: string): string | null {
  const folders = (path ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return folders.map((folder) => join(folder, name)).find((file) => isAllowed(file, constants.X_OK)) ?? null;
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Without one, pasta does not know where to send anything. */
function hasDefaultRoute({ v4, v6 }: PastaNeeds['routes']): boolean {
  const lines = (file: string): string[][] => {
    try {
      const rows = readFileSync(file, 'latin1').split('\n');
      return rows.map((line) => line.split(/\s+/));
    } catch {
      return [];
    }
  };
  const isDefaultV4 = ([, target, , , , , , mask]: readonly string[]) =>
    target === '00000000' && mask === '00000000';
  const isDefaultV6 = (fields: readonly string[]) =>
    /^0{32}$/.test(fields[0] ?? '') && fields[1] === '00' && fields[9] !== 'lo';
  return lines(v4).some(isDefaultV4) || lines(v6).some(isDefaultV6);
}
