import { badArgument } from '../../../../common/errors.ts';
import type { Container } from './container.ts';
import { livePhase } from './phase.ts';

interface Ports {
  readonly first: number;
  readonly last: number;
  readonly protocol: string;
}

/** Containers into which one of these ports of the host leads now. Errors: BAD_ARGUMENT. */
export function publishes(value: string): (container: Container) => boolean {
  const wanted = parsePorts('publish', value);
  return ({ phase, facts }) =>
    livePhase(phase) !== null &&
    facts.ports.some(({ hostPort, length, protocol }) => overlap(wanted, range(hostPort, length, protocol)));
}

/** Containers that serve one of these ports, published or not. Errors: BAD_ARGUMENT. */
export function exposes(value: string): (container: Container) => boolean {
  const wanted = parsePorts('expose', value);
  return ({ spec: { exposedPorts, ports } }) =>
    exposedPorts.some((text) => overlap(wanted, parsePorts('expose', text))) ||
    ports.some(({ containerPort, length, protocol }) =>
      overlap(wanted, range(containerPort, length, protocol)),
    );
}

function range(first: number, length: number, protocol: string): Ports {
  return { first, last: first + length - 1, protocol };
}

function overlap(a: Ports, b: Ports): boolean {
  return a.protocol === b.protocol && a.first <= b.last && b.first <= a.last;
}

/** PORT[-PORT][/PROTOCOL]. */
function parsePorts(key: string, text: string): Ports {
  const [, from, to = from, protocol = 'tcp'] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-z]+))?$/i.exec(text) ?? [];
  if (from === undefined)
    throw badArgument('filters', `Invalid filter ${key}=${text}: use PORT[-PORT][/PROTOCOL], such as 80/tcp`);
  return { first: Number(from), last: Number(to), protocol: protocol.toLowerCase() };
}
