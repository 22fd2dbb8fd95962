import { asError, LikerError } from '../../../../common/errors.ts';
import type { Rate } from '../../../kernel/network/htb.ts';
import type { EngineContext } from '../../context.ts';
import type { LinkEndpoint } from '../../kernel.ts';
import { aliasOf } from '../../networks/host/bring-up.ts';
import { hostEndOf } from '../../networks/model/network.ts';
import type { Container } from '../model/container.ts';
import type { AppliedLimit } from '../model/spec.ts';
import {
  type LimitedSpec,
  leftOut,
  type Network,
  problemBefore,
  rateOf,
  refused,
  reportRates,
} from '../rules/network-rate.ts';

// Rates of interfaces that likerd makes: held at the host's end, in both directions, which goes with the container.

/** The interfaces of a start or of a connection, with the rate that the spec asks for, and the limits as they are set. */
export async function limitLinks(
  context: EngineContext,
  spec: LimitedSpec,
  made: readonly LinkEndpoint[],
): Promise<{ readonly links: readonly LinkEndpoint[]; readonly applied: readonly AppliedLimit[] }> {
  const { network } = spec.resources;
  const rate = rateOf(network);
  if (rate === null || made.length === 0) return { links: made, applied: [] };
  try {
    const problem = problemBefore(context, spec);
    if (problem !== null) throw problem;
    const links: LinkEndpoint[] = [];
    for (const one of made) links.push(await limited(context, one, rate));
    return {
      links,
      applied: reportRates(
        network,
        rate,
        endsOf(links).map((name) => ({ name, effective: rate })),
      ),
    };
  } catch (error) {
    await freeEnds(context, endsOf(made));
    return { links: made, applied: leftOut(spec, asRefusal(network, error)) };
  }
}

async function limited(
  { network: { links } }: EngineContext,
  one: LinkEndpoint,
  rate: Rate,
): Promise<LinkEndpoint> {
  if (one.link.kind !== 'bridge' || links === null) return one;
  return { ...one, limit: { rate, sender: await links.prepareSender(one.link, rate) } };
}

function endsOf(links: readonly LinkEndpoint[]): string[] {
  return links.flatMap(({ link }) => (link.kind === 'bridge' ? [link.name] : []));
}

function asRefusal(network: Network, error: unknown): LikerError {
  const isRefusal = error instanceof LikerError && error.reason === 'LIMIT_REFUSED' && error.field;
  return isRefusal ? error : refused(network, asError(error).message, error);
}

/** Changes the rates of a container that runs. Throws LIMIT_REFUSED. */
export async function changeRates(
  context: EngineContext,
  container: Container,
  { resources: { network } }: LimitedSpec,
): Promise<readonly AppliedLimit[]> {
  const rate = rateOf(network);
  const { links } = context.network;
  const shaped: { readonly name: string; readonly effective: Rate | null }[] = [];
  try {
    for (const name of hostEndsOf(context, container)) {
      if (rate === null) await links?.freeRate(name);
      const end = { name, alias: aliasOf(context.networks.tag, container.id) };
      shaped.push({ name, effective: rate && ((await links?.setRate(end, rate)) ?? null) });
    }
    return reportRates(network, rate, shaped);
  } catch (error) {
    throw asRefusal(network, error);
  }
}

/** The host's ends of a container's interfaces. */
function hostEndsOf({ networks }: EngineContext, { id }: Pick<Container, 'id'>): string[] {
  return networks
    .endpointsOf(id)
    .filter(({ networkId }) => networks.get(networkId).spec.driver === 'bridge')
    .map(({ networkId }) => hostEndOf(networkId, id));
}

/** Takes away what rates need beside the interface itself. */
export async function freeEnds(
  { network: { links } }: EngineContext,
  names: readonly string[],
): Promise<void> {
  for (const name of names) await links?.freeRate(name);
}
