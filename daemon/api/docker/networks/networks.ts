import * as v from 'valibot';
import { endpointConfig } from '../containers/create-body.ts';
import { parseConnection } from '../containers/parse-networks.ts';
import type { Door } from '../door.ts';
import { type Answer, empty, json } from '../http/answer.ts';
import { bodyOf, type Call, flag, listOf, mapOf, maybe, nameOf, text } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';
import { filtersOf } from '../http/filters.ts';
import { networkRecord } from './record.ts';

export async function listNetworks({ engine }: Door, call: Call): Promise<Answer> {
  return json(engine.networks.list(filtersOf(call)).map(networkRecord));
}

export async function inspectNetwork({ engine }: Door, call: Call): Promise<Answer> {
  return json(networkRecord(engine.networks.get(nameOf(call))));
}

const createBody = v.looseObject({
  Name: text,
  Driver: text,
  Internal: flag,
  EnableIPv6: maybe(v.boolean()),
  EnableIPv4: maybe(v.boolean()),
  Ingress: flag,
  ConfigOnly: flag,
  IPAM: maybe(
    v.looseObject({
      Driver: text,
      Config: listOf(
        v.looseObject({ Subnet: text, IPRange: text, Gateway: text, AuxiliaryAddresses: mapOf(v.string()) }),
      ),
    }),
  ),
  Options: mapOf(v.string()),
  Labels: mapOf(v.string()),
});

export async function createNetwork({ engine }: Door, call: Call): Promise<Answer> {
  const body = await bodyOf(call, createBody);
  if (body.Ingress || body.ConfigOnly) throw new HttpError(400, 'Networks of a swarm are not supported');
  if (body.EnableIPv4 === false) throw new HttpError(400, 'Cannot leave IPv4 out: each network has it');
  const ipam = body.IPAM?.Driver ?? '';
  if (!['', 'default'].includes(ipam))
    throw new HttpError(400, `Cannot use the IPAM driver '${ipam}': there is only default`);
  const made = await engine.networks.create({
    name: body.Name,
    driver: body.Driver === 'default' ? '' : body.Driver,
    internal: body.Internal,
    // Clients that made a network compare it with what they asked for.
    ipv6: body.EnableIPv6 ?? false,
    subnets: (body.IPAM?.Config ?? []).map((one) => ({
      ...{ subnet: one.Subnet, gateway: one.Gateway, ipRange: one.IPRange },
      auxAddresses: Object.fromEntries(one.AuxiliaryAddresses),
    })),
    options: Object.fromEntries(body.Options),
    labels: Object.fromEntries(body.Labels),
    egress: null,
  });
  return json({ Id: made.id, Warning: '' }, 201);
}

export async function removeNetwork({ engine }: Door, call: Call): Promise<Answer> {
  const network = engine.networks.get(nameOf(call));
  if (network.builtin)
    throw new HttpError(403, `${network.name} is a pre-defined network and cannot be removed`);
  if (network.containerIds.length > 0)
    throw new HttpError(403, `error while removing network: network ${network.name} has active endpoints`);
  await engine.networks.remove(network.id, { force: false });
  return empty();
}

const connectBody = v.looseObject({ Container: text, EndpointConfig: endpointConfig });

export async function connectNetwork({ engine }: Door, call: Call): Promise<Answer> {
  const { Container: reference, EndpointConfig } = await bodyOf(call, connectBody);
  const network = engine.networks.get(nameOf(call));
  const { id, endpoints, spec } = await engine.containers.get(reference, { withSize: false });
  if (endpoints.some(({ networkId }) => networkId === network.id))
    throw new HttpError(403, `endpoint with name ${spec.name} already exists in network ${network.name}`);
  await engine.networks.connect(id, parseConnection(network.id, EndpointConfig));
  return empty(200);
}

const disconnectBody = v.looseObject({ Container: text, Force: flag });

export async function disconnectNetwork({ engine }: Door, call: Call): Promise<Answer> {
  const { Container: container, Force: force } = await bodyOf(call, disconnectBody);
  await engine.networks.disconnect(container, nameOf(call), { force });
  return empty(200);
}

export async function pruneNetworks({ engine }: Door, call: Call): Promise<Answer> {
  return json({ NetworksDeleted: await engine.networks.prune(filtersOf(call)) });
}
