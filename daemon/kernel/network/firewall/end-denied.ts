import { contains, parseAddress, parseSubnet, type Subnet } from '../../../../common/ip-address.ts';
import { addressText } from '../address.ts';
import { type Connection, connectionsFrom, endConnections } from '../conntrack.ts';
import type { Element } from './elements.ts';
import type { FirewallPolicy } from './state.ts';

const nameBytes = 16;
const protocols: Readonly<Record<number, 'tcp' | 'udp'>> = { 6: 'tcp', 17: 'udp' };

/**
 * Ends connections that began inside and that these policies would not let begin now. `granted`: of the sets that the resolver fills.
 */
export async function endDenied(
  policies: readonly FirewallPolicy[],
  granted: readonly Element[],
): Promise<void> {
  const grants = new Set(granted.map(grantOf));
  const byAddress = new Map(
    policies.flatMap((policy) => policy.addresses.map((address) => [address, policy])),
  );
  const connections = await connectionsFrom(new Set(byAddress.keys()));
  await endConnections(
    connections.filter((connection) => {
      const policy = byAddress.get(connection.source);
      return policy !== undefined && !allows(policy, connection, grants);
    }),
  );
}

function allows(
  { link, allowed }: FirewallPolicy,
  { destination, protocol, port }: Connection,
  grants: ReadonlySet<string>,
): boolean {
  const address = parseAddress(destination);
  if (address === null) return false;
  if (grants.has(`${link} ${destination}`) || grants.has(`${link} ${destination} ${protocol} ${port}`))
    return true;
  return allowed.some(
    ({ subnet, ports }) =>
      contains(parseSubnet(subnet) as Subnet, address) &&
      (ports === null ||
        (protocol in protocols &&
          (ports.protocol === 'any' || ports.protocol === protocols[protocol]) &&
          port >= ports.first &&
          port <= ports.last)),
  );
}

/** As in `allows`. The key of an address of IPv4 with a port is longer than that of one alone, and shorter than that of one of IPv6. */
function grantOf(element: Element): string {
  const { key } = element;
  const link = linkOf(element);
  const rest = key.subarray(nameBytes);
  const size = rest.length < 16 ? 4 : 16;
  const address = addressText(rest.subarray(0, size));
  if (rest.length === size) return `${link} ${address}`;
  return `${link} ${address} ${rest.readUInt8(size)} ${rest.readUInt16BE(size + 4)}`;
}

export function linkOf({ key }: Element): string {
  return key.toString('latin1', 0, nameBytes).replace(/\0.*$/s, '');
}
