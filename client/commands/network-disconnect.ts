import type { Command } from '../cli/command.ts';
import { networks } from '../connection/methods.ts';

export const networkDisconnect: Command = {
  name: 'network disconnect',
  usage: 'NETWORK CONTAINER',
  summary: 'Take a container off a network, at once if it is running',
  example: 'likerctl network disconnect back web',
  flags: [
    {
      name: 'force',
      short: 'f',
      type: 'bool',
      help: 'Ignore a container that is missing or does not have the network',
    },
  ],
  operands: [2, 2],
  async run({ flags, operands: [network = '', container = ''], context }) {
    const connection = await context.connect();
    await connection.unary(networks.DisconnectNetwork, { container, network, force: flags.bool('force') });
    return 0;
  },
};
