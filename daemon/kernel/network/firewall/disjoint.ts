// What a policy allows, as pieces of which no two overlap: the kernel refuses elements with intervals that do.
import type { EgressPorts } from '../../../../common/egress.ts';
import { contains, parseSubnet, type Subnet } from '../../../../common/ip-address.ts';

type Protocol = 'tcp' | 'udp';

interface Allowed {
  readonly subnet: string;
  readonly ports: EgressPorts | null;
}

interface Piece {
  readonly subnet: string;
  /** Null: all of TCP and UDP, and ping. */
  readonly ports: { readonly protocol: Protocol; readonly first: number; readonly last: number } | null;
}

interface Interval {
  readonly first: number;
  readonly last: number;
}

/** Of two subnets that overlap, one has all of the other: what the larger one allows is left out of the smaller one. */
export function disjoint(allowed: readonly Allowed[]): Piece[] {
  const whole = withoutThoseIn(allowed.filter(({ ports }) => ports === null).map(({ subnet }) => subnet));
  const isWhole = (subnet: string): boolean => whole.some((other) => isIn(subnet, other));
  const limited = allowed.filter(({ subnet, ports }) => ports !== null && !isWhole(subnet));
  const subnets = [...new Set(limited.map(({ subnet }) => subnet))];
  return [
    ...whole.map((subnet) => ({ subnet, ports: null })),
    ...subnets.flatMap((subnet) =>
      (['tcp', 'udp'] as const).flatMap((protocol) => {
        const own = limited.filter((one) => one.subnet === subnet);
        const above = limited.filter((one) => one.subnet !== subnet && isIn(subnet, one.subnet));
        return minus(union(of(own, protocol)), union(of(above, protocol))).map((interval) => ({
          subnet,
          ports: { protocol, ...interval },
        }));
      }),
    ),
  ];
}

function withoutThoseIn(subnets: readonly string[]): string[] {
  const all = [...new Set(subnets)];
  return all.filter((subnet) => !all.some((other) => other !== subnet && isIn(subnet, other)));
}

function isIn(inner: string, outer: string): boolean {
  const [small, large] = [parseSubnet(inner), parseSubnet(outer)] as [Subnet, Subnet];
  return small.prefix >= large.prefix && contains(large, { family: small.family, value: small.first });
}

function of(allowed: readonly Allowed[], protocol: Protocol): Interval[] {
  return allowed.flatMap(({ ports }) =>
    ports && (ports.protocol === 'any' || ports.protocol === protocol) ? [ports] : [],
  );
}

function union(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const { first, last } of intervals.toSorted((a, b) => a.first - b.first)) {
    const before = merged.at(-1);
    if (before && first <= before.last + 1)
      merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, last) };
    else merged.push({ first, last });
  }
  return merged;
}

/** Both are in order, and without overlaps. */
function minus(intervals: readonly Interval[], taken: readonly Interval[]): Interval[] {
  return taken.reduce<readonly Interval[]>(
    (rest, { first, last }) =>
      rest.flatMap((one) =>
        [
          { first: one.first, last: Math.min(one.last, first - 1) },
          { first: Math.max(one.first, last + 1), last: one.last },
        ].filter((part) => part.first <= part.last),
      ),
    intervals,
  ) as Interval[];
}
