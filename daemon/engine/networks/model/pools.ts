import { createHash } from 'node:crypto';
import { LikerError } from '../../../../common/errors.ts';
import { formatSubnet, overlap, parseSubnet, type Subnet } from '../../../../common/ip-address.ts';
import { firstHost } from './addresses.ts';
import type { NetworkSubnet } from './network.ts';

/** Private addresses from which networks get subnets that ask for none. The first that has a free one is used. */
export const pools = ['10.201.0.0/16', '172.27.0.0/16', '192.168.208.0/20'] as const;
const prefix4 = 24;
const prefix6 = 64;

/** Addresses that are in use: by the host, or by another network. */
export interface Obstacle {
  readonly subnet: Subnet;
  /** Who uses it, for a person. */
  readonly holder: string;
}

/** The unique local addresses (RFC 4193) of a machine: the same each time, and other ones on another machine. */
export function ownPool6(machineId: string): string {
  const digits = createHash('sha256').update(`liker ${machineId}`).digest('hex').slice(0, 10);
  return `fd${digits.slice(0, 2)}:${digits.slice(2, 6)}:${digits.slice(6, 10)}::/48`;
}

/** A subnet of one of the pools that is in nobody's way. Errors: SUBNET_IN_USE. */
export function chooseSubnet(from: readonly string[], obstacles: readonly Obstacle[]): NetworkSubnet {
  for (const pool of from) {
    for (const subnet of partsOf(pool)) {
      if (obstacles.some((obstacle) => overlap(obstacle.subnet, subnet))) continue;
      return { subnet: formatSubnet(subnet), gateway: firstHost(subnet), ipRange: '', auxAddresses: {} };
    }
  }
  const inTheWay = from.flatMap((pool) => obstaclesOf(pool, obstacles)).slice(0, 3);
  throw new LikerError(
    'SUBNET_IN_USE',
    `Cannot choose a subnet for the network: none of ${from.join(', ')} is free (${inTheWay.join(', ')}); give one with --subnet, or remove networks`,
    { metadata: { pools: from.join(',') } },
  );
}

function obstaclesOf(pool: string, obstacles: readonly Obstacle[]): string[] {
  const whole = parseSubnet(pool);
  return obstacles
    .filter(({ subnet }) => whole !== null && overlap(subnet, whole))
    .map(({ subnet, holder }) => `${formatSubnet(subnet)} is ${holder}`);
}

/** The subnets of a pool, in order: /24 of IPv4, /64 of IPv6. */
function* partsOf(pool: string): Generator<Subnet> {
  const whole = parseSubnet(pool);
  if (whole === null) return;
  const { family, first, prefix } = whole;
  const part = family === 4 ? prefix4 : prefix6;
  const step = 1n << BigInt((family === 4 ? 32 : 128) - part);
  const count = 1n << BigInt(part - prefix);
  for (let index = 0n; index < count; index += 1n)
    yield { family, first: first + index * step, prefix: part };
}

/** Throws SUBNET_IN_USE if somebody uses addresses of one of the subnets. */
export function requireFreeSubnets(subnets: readonly NetworkSubnet[], obstacles: readonly Obstacle[]): void {
  for (const { subnet } of subnets) {
    const asked = parseSubnet(subnet);
    const other = asked && obstacles.find((obstacle) => overlap(obstacle.subnet, asked));
    if (!other) continue;
    const used = formatSubnet(other.subnet);
    throw new LikerError(
      'SUBNET_IN_USE',
      `Cannot use subnet ${subnet}: ${used} is ${other.holder}; choose another with --subnet`,
      { field: 'subnets', metadata: { subnet, other: used } },
    );
  }
}
