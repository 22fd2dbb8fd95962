import type { EngineContext } from '../../context.ts';
import { type FirewallPart, firewallPriorities } from '../../networks/host/firewall-ports.ts';
import type { RunResource } from './run-resource.ts';

/** The priority of the container's packets on the host, by its addresses. Comes after the endpoints. */
export const networkPriority: RunResource = {
  async acquire(context, { container }) {
    const priorities = firewallPriorities(context, container);
    if (priorities.length > 0) await context.network.firewall?.apply({ add: { priorities } });
  },
  async release(context, container) {
    const priorities = firewallPriorities(context, container);
    if (priorities.length > 0 && context.networks.restored)
      await context.network.firewall?.apply({ remove: { priorities } });
  },
};

/** Tells the firewall of a container that runs, whose networks or priority have changed. */
export async function changeFirewall(
  { network }: EngineContext,
  before: FirewallPart,
  after: FirewallPart,
): Promise<void> {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  await network.firewall?.apply({ remove: before, add: after });
}
