import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { isLoopback } from '../../../common/ip-address.ts';
import type { PortProtocol } from './firewall/state.ts';

/** A port of the host that leads into the container, or a range of them. */
export interface PastaPort {
  readonly protocol: PortProtocol;
  /** Empty: not known yet; likewise 0 as `hostPort`. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly length: number;
  readonly containerPort: number;
}

/** Versions are days. Before this one a port can be at one address only, and answers over UDP to the host's loopback are lost if the port has another number there. */
export const ableVersion = 2024_02_20;

const versions = new Map<string, number>();

/** The day of this pasta's release; 0 if it does not say, as that of Debian 12 (2023-03). */
export function pastaVersion(program: string | null): number {
  const changedAt = program === null ? undefined : statSync(program, { throwIfNoEntry: false })?.mtimeMs;
  if (program === null || changedAt === undefined) return 0;
  const key = `${program} ${changedAt}`;
  const version = versions.get(key) ?? askVersion(program);
  versions.set(key, version);
  return version;
}

/** Names of releases begin with the day, as 2024_02_20.1e6f92b or 0.0~git20240220.1e6f92b. */
function askVersion(program: string): number {
  try {
    const text = execFileSync(program, ['--version'], { encoding: 'utf8', timeout: 5000 });
    const [, year, month, day] = /(20\d\d)_?(\d\d)_?(\d\d)/.exec(text) ?? [];
    return year === undefined ? 0 : Number(`${year}${month}${day}`);
  } catch {
    // Its start will say why.
    return 0;
  }
}

/** Why pasta of this version cannot publish these ports of one container, and what to do; empty: it can. */
export function portsProblem(ports: readonly PastaPort[], version: number): string {
  for (const [index, port] of ports.entries()) {
    const { protocol, hostAddress, hostPort, containerPort } = port;
    const outside = `${rangeText(hostPort, port.length)}/${protocol}`;
    if (protocol === 'sctp') return 'pasta has TCP and UDP, and no SCTP; use those, or the likerd of root';
    const twice = ports.slice(0, index).find((other) => meet(other, port));
    if (twice !== undefined && shift(twice) !== shift(port))
      return `pasta leads ${outside} to the same port of the container at all addresses of the host; publish it once, or the others at another port`;
    if (twice !== undefined && version < ableVersion)
      return `pasta before 2024-02-20 can have ${outside} at one address only; publish it once, or install a newer passt`;
    if (protocol === 'udp' && isLoopback(hostAddress) && shift(port) !== 0 && version < ableVersion)
      return `pasta before 2024-02-20 loses answers over UDP to the host's loopback where the port has another number there; publish ${containerPort}:${containerPort}/udp, give an address of the host, or install a newer passt`;
  }
  return '';
}

function meet(one: PastaPort, other: PastaPort): boolean {
  return (
    one.protocol === other.protocol &&
    one.hostPort !== 0 &&
    one.hostPort < other.hostPort + other.length &&
    other.hostPort < one.hostPort + one.length
  );
}

const shift = ({ hostPort, containerPort }: PastaPort): number => containerPort - hostPort;

/** What publishes these ports, and no others. */
export function portOptions(ports: readonly PastaPort[]): string[] {
  return (['tcp', 'udp'] as const).flatMap((protocol) => {
    const own = ports.filter((port) => port.protocol === protocol);
    const specs = own.map(
      ({ hostAddress, hostPort, containerPort, length }) =>
        `${hostAddress}/${rangeText(hostPort, length)}:${rangeText(containerPort, length)}`,
    );
    return (specs.length > 0 ? specs : ['none']).flatMap((spec) => [`--${protocol}-ports`, spec]);
  });
}

function rangeText(first: number, length: number): string {
  return length === 1 ? String(first) : `${first}-${first + length - 1}`;
}
