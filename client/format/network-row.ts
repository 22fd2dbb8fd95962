import { shortId } from '../../common/ids.ts';
import { own } from '../../common/own.ts';
import type { Network } from '../../proto/gen/types/liker/v1/Network.ts';
import { goTime } from './timestamp.ts';

/** A network for the templates of `network ls`, with Docker's fields, and its subnets. */
export function networkRow(network: Network, truncate: boolean) {
  const { id, name, driver, labels, subnets } = network;
  return {
    ID: truncate ? shortId(id) : id,
    Name: name,
    Driver: driver,
    Scope: 'local',
    // Each has it.
    IPv4: 'true',
    IPv6: String(network.ipv6),
    Internal: String(network.internal),
    Subnets: subnets.map(({ subnet }) => subnet).join(','),
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(','),
    CreatedAt: goTime(network.createdAt),
    Label: (key: string) => own(labels, key) ?? '',
  };
}
