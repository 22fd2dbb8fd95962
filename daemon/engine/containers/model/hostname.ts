import { hostname as hostHostname } from 'node:os';
import { shortId } from '../../../../common/ids.ts';
import type { Container } from './container.ts';
import type { ContainerSpec } from './spec.ts';

/** In --add-host, the address of the host as the container reaches it. */
export const hostGateway = 'host-gateway';

/** As the container sees it. */
export function containerHostname({ spec }: Pick<Container, 'spec'>): string {
  return spec.namespaces.uts.kind === 'host' ? hostHostname() : spec.hostname;
}

/**
 * The default hostname: that of the container whose network it uses, whose addresses stand for that
 * name, else the short id. With the host's UTS namespace the container has none of its own.
 */
export function defaultHostname(spec: ContainerSpec, id: string, networkOf: Container | null): string {
  if (spec.namespaces.uts.kind !== 'private') return '';
  return networkOf ? containerHostname(networkOf) : shortId(id);
}
