import type { Command } from '../cli/command.ts';
import { networks } from '../connection/methods.ts';
import { connectionOf } from '../request/networks.ts';

export const networkConnect: Command = {
  name: 'network connect',
  usage: 'NETWORK CONTAINER',
  summary: 'Connect a container to a network, at once if it is running',
  example: 'likerctl network connect --alias db back web',
  flags: [
    { name: 'alias', type: 'list', value: 'NAME', help: 'One more name that it is found by in the network' },
    {
      name: 'gw-priority',
      type: 'int',
      value: 'N',
      help: "The network with the greatest has the container's default route (default: 0)",
    },
    { name: 'ip', type: 'string', value: 'IPV4', help: 'IPv4 address in the network (default: a free one)' },
    { name: 'ip6', type: 'string', value: 'IPV6', help: 'IPv6 address in the network (default: a free one)' },
  ],
  operands: [2, 2],
  async run({ flags, operands: [network = '', container = ''], context }) {
    const request = { container, connection: connectionOf(flags, network) };
    const connection = await context.connect();
    await connection.unary(networks.ConnectNetwork, request);
    return 0;
  },
};
