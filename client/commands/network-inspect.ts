import { LikerError } from '../../common/errors.ts';
import type { Command } from '../cli/command.ts';
import type { Connection } from '../connection/connection.ts';
import { networks } from '../connection/methods.ts';
import { networkRecord } from '../format/network-record.ts';
import { inspectEach } from './inspect-each.ts';

export const networkInspect: Command = {
  name: 'network inspect',
  usage: 'NETWORK [NETWORK...]',
  summary: 'Print details of networks, as JSON',
  example: "likerctl network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' front",
  flags: [
    {
      name: 'format',
      short: 'f',
      type: 'string',
      value: 'FORMAT',
      help: "json, or a template such as '{{.Driver}}'",
    },
  ],
  operands: [1, Number.POSITIVE_INFINITY],
  run: (invocation) => inspectEach(invocation, fetchNetwork),
};

/** The record of one network, as `inspect` prints it. */
export async function fetchNetwork(connection: Connection, name: string): Promise<object> {
  const { network } = await connection.unary(networks.GetNetwork, { network: name });
  if (network === null) throw new LikerError('INTERNAL', `likerd returned no network for '${name}'`);
  return networkRecord(network);
}
