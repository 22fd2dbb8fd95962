import { accessSync, constants, readFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Family } from '../../../common/ip-address.ts';
import { ableVersion, type PastaPort, pastaVersion, portOptions, portsProblem } from './pasta-ports.ts';

/** Addresses inside. The container's own, not the host's, so that it can reach those of the host. */
const inside = {
  4: { address: '10.213.0.2', gateway: '10.213.0.1', prefix: '24' },
  6: { address: 'fd13:6c6b::2', gateway: 'fd13:6c6b::1' },
} as const;

/** Inside, this is the host's name server. */
const nameServer = '10.213.0.3';

/** What pasta needs of the machine. */
export interface PastaNeeds {
  readonly tunnel: string;
  /** Tables of routes, as in proc(5). */
  readonly routes: { readonly v4: string; readonly v6: string };
  readonly interfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
}

const here: PastaNeeds = {
  tunnel: '/dev/net/tun',
  routes: { v4: '/proc/net/route', v6: '/proc/net/ipv6_route' },
  interfaces: networkInterfaces,
};

/** pasta(1), which connects a private network namespace with the rights of an ordinary user. */
export interface Pasta {
  /** Why it cannot be used, and what to do; empty: it can. Asked at each start, since it may be installed meanwhile. */
  problem(): string;
  /** Why it cannot publish these ports of one container, and what to do; empty: it can. */
  portsProblem(ports: readonly PastaPort[]): string;
  /** At how many addresses it can publish a port. */
  mostAddresses(): number;
  /** It connects those in which the machine has a default route. */
  families(): readonly Family[];
  /** The program and its arguments, for a container with this run folder: see shimSettings.network. */
  command(runFolder: string, ports: readonly PastaPort[]): string[];
  /** The container's own. */
  addresses(): string[];
  /** Of the host, as the container reaches it. */
  hostAddresses(): string[];
  /** What stands for the host's name server inside. */
  readonly nameServer: string;
}

/** `path`: as $PATH. */
export function pastaIn(path: string | undefined, { tunnel, routes, interfaces }: PastaNeeds = here): Pasta {
  const find = (): string | null => programIn(path, 'pasta');
  const version = (): number => pastaVersion(find());
  const families = (): Family[] => defaultRoutes(routes).map(({ family }) => family);
  return {
    problem() {
      if (find() === null) return "pasta is missing; run 'sudo apt-get install passt'";
      if (!isAllowed(tunnel, constants.R_OK | constants.W_OK))
        return `likerd's user may not open ${tunnel}; run 'sudo chmod 666 ${tunnel}', after 'sudo modprobe tun' if it is missing`;
      return families().length > 0 ? '' : 'the machine itself has no default route';
    },
    portsProblem: (ports) => portsProblem(ports, version()),
    mostAddresses: () => (version() < ableVersion ? 1 : Number.POSITIVE_INFINITY),
    families,
    command: (runFolder, ports) => [find() ?? 'pasta', ...options(runFolder, ports)],
    addresses: () => families().map((family) => inside[family].address),
    hostAddresses: () =>
      defaultRoutes(routes).flatMap(({ family, link }) =>
        addressesOf(interfaces()[link], family).slice(0, 1),
      ),
    nameServer,
  };
}

/** Nothing of the host's loopback is reachable inside, and no port inside from the host but these. */
function options(runFolder: string, ports: readonly PastaPort[]): string[] {
  const { 4: v4, 6: v6 } = inside;
  return [
    ...['--config-net', '--quiet', '--no-map-gw'],
    ...[...portOptions(ports), '--tcp-ns', 'none', '--udp-ns', 'none'],
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

interface DefaultRoute {
  readonly family: Family;
  /** The interface's name. */
  readonly link: string;
}

/** The first of each family. */
function defaultRoutes({ v4, v6 }: PastaNeeds['routes']): DefaultRoute[] {
  const four = rowsOf(v4).find(([, target, , , , , , mask]) => target === '00000000' && mask === '00000000');
  const six = rowsOf(v6).find(
    ([target = '', prefix, , , , , , , , link]) => /^0{32}$/.test(target) && prefix === '00' && link !== 'lo',
  );
  return [
    ...(four === undefined ? [] : [{ family: 4, link: four[0] ?? '' } as const]),
    ...(six === undefined ? [] : [{ family: 6, link: six[9] ?? '' } as const]),
  ];
}

/** Empty where the kernel has no such table. */
function rowsOf(file: string): string[][] {
  try {
    const rows = readFileSync(file, 'latin1').split('\n');
    return rows.map((line) => line.split(/\s+/));
  } catch {
    return [];
  }
}

/** Those that count beyond the link. */
function addressesOf(found: readonly NetworkInterfaceInfo[] = [], family: Family): string[] {
  return found
    .filter((one) => one.family === `IPv${family}` && !(one.family === 'IPv6' && one.scopeid !== 0))
    .map(({ address }) => address);
}
