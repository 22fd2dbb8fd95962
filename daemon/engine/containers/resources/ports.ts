import { badArgument, hasReason, LikerError } from '../../../../common/errors.ts';
import { parseAddress } from '../../../../common/ip-address.ts';
import type { FirewallPort } from '../../../kernel/network/firewall/state.ts';
import type { EngineContext } from '../../context.ts';
import type { HeldPorts } from '../../kernel.ts';
import { firewallPorts, publishedTo } from '../../networks/host/firewall-ports.ts';
import type { Container } from '../model/container.ts';
import type { PublishedPort } from '../model/spec.ts';
import { type WantedPort, wantedPorts } from '../rules/ports.ts';
import type { RunResource } from './run-resource.ts';

/**
 * The container's ports of the host. Each is held by a bound socket, of which the shim gets a copy, so that it is the container's as long as
 * that lives; the firewall leads from it to the container. Comes after the endpoints.
 */
export const ports: RunResource = {
  async acquire(context, start) {
    const { container } = start;
    if (container.spec.ports.length === 0 && !container.spec.publishAll) return;
    const endpoints = context.networks.endpointsOf(container.id);
    const addresses = publishedTo(context, container, endpoints);
    const wanted = wantedPorts(context, container.spec, [...addresses.keys()]);
    requireReachable(wanted, new Set(addresses.keys()));
    const { fds, chosen } = hold(context, wanted);
    start.held.push(...fds);
    context.ledger.change(container, { facts: { ports: chosen } });
    const { firewall } = context.network;
    if (firewall)
      start.pending.add(firewall.apply({ add: { ports: firewallPorts(context, container, endpoints) } }));
  },

  async release(context, container) {
    await closePorts(context, container);
  },
};

/** Lets the ports of a container that runs lead to where it is after its networks have changed. `before`: where they led. */
export async function movePorts(
  context: EngineContext,
  container: Container,
  before: readonly FirewallPort[],
): Promise<void> {
  const after = portsNow(context, container);
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  await context.network.firewall?.apply({ remove: { ports: before }, add: { ports: after } });
}

/** Where the ports of a container lead. */
export function portsNow(context: EngineContext, container: Container): FirewallPort[] {
  return firewallPorts(context, container, context.networks.endpointsOf(container.id));
}

/** Nothing leads to the container any more. Its sockets go with its shim. */
async function closePorts(context: EngineContext, container: Container): Promise<void> {
  if (container.facts.ports.length === 0) return;
  const ports = portsNow(context, container);
  if (context.networks.restored) await context.network.firewall?.apply({ remove: { ports } });
  context.ledger.change(container, { facts: { ports: [] } });
}

/** All or none. */
function hold(
  context: EngineContext,
  wanted: readonly WantedPort[],
): { readonly fds: readonly HeldPorts[]; readonly chosen: readonly PublishedPort[] } {
  const fds: HeldPorts[] = [];
  try {
    const chosen = wanted.flatMap((one) => {
      const { port, hostAddresses } = one;
      const held = holdOne(context, one);
      fds.push(held);
      const [hostPort = 0] = held.hostPorts;
      return hostAddresses.map((hostAddress) => ({ ...port, hostAddress, hostPort, hostPorts: 1 }));
    });
    return { fds, chosen };
  } catch (error) {
    for (const one of fds) one[Symbol.dispose]();
    throw error;
  }
}

/** The first of its range that is free. Errors: PORT_IN_USE. */
function holdOne(context: EngineContext, { port, hostAddresses }: WantedPort): HeldPorts {
  const { protocol, hostPort, hostPorts, length } = port;
  const last = hostPort === 0 ? 0 : hostPort + hostPorts - 1;
  for (let one = hostPort; ; one += 1) {
    try {
      return context.network.holdPorts([{ protocol, hostAddresses, hostPort: one, length }]);
    } catch (error) {
      if (!hasReason(error, 'PORT_IN_USE')) throw error;
      if (one === last) throw namingHolder(context, error);
    }
  }
}

/** Of a port that a container of this likerd has, which the kernel does not tell. */
function namingHolder({ registry }: EngineContext, error: LikerError): LikerError {
  const { address = '', port = '', protocol = '' } = error.metadata;
  const holder = registry
    .all()
    .find(({ facts }) =>
      facts.ports.some(
        (one) =>
          one.protocol === protocol &&
          one.hostPort <= Number(port) &&
          Number(port) < one.hostPort + one.length &&
          meet(one.hostAddress, address),
      ),
    );
  if (!holder) return error;
  const place = `${address.includes(':') ? `[${address}]` : address}:${port}/${protocol}`;
  return new LikerError(
    'PORT_IN_USE',
    `Cannot publish port ${place}: container '${holder.name}' has it; choose another port, or end that container`,
    { metadata: { ...error.metadata, container: holder.id } },
  );
}

function meet(one: string, other: string): boolean {
  if (one === other) return true;
  const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';
  return (isAny(one) || isAny(other)) && parseAddress(one)?.family === parseAddress(other)?.family;
}

/** Throws BAD_ARGUMENT for a port at an address of a family that the container has no address of. */
function requireReachable(wanted: readonly WantedPort[], families: ReadonlySet<4 | 6>): void {
  for (const { hostAddresses, port } of wanted) {
    const { hostAddress, containerPort } = port;
    const family = parseAddress(hostAddress)?.family;
    if (hostAddresses.length > 0 && (family === undefined || families.has(family))) continue;
    throw badArgument(
      'spec.ports',
      `Cannot publish port ${containerPort} at ${hostAddress || 'the host'}: the container has no such address on a network with a way out`,
    );
  }
}
