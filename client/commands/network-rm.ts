import type { Command } from '../cli/command.ts';
import { networks } from '../connection/methods.ts';
import { newRequestId } from '../request/request-id.ts';
import { forEachName } from './for-each.ts';

export const networkRm: Command = {
  name: 'network rm',
  usage: 'NETWORK [NETWORK...]',
  summary: 'Remove networks that no container has',
  example: 'likerctl network rm front',
  flags: [{ name: 'force', short: 'f', type: 'bool', help: 'Ignore a missing one' }],
  operands: [1, Number.POSITIVE_INFINITY],
  async run({ flags, operands, context }) {
    const force = flags.bool('force');
    const connection = await context.connect();
    return forEachName(operands, async (network) => {
      const request = { network, force, requestId: newRequestId() };
      const { id } = await connection.unary(networks.RemoveNetwork, request);
      // As in Docker, one that was not there is not named.
      return id === '' ? undefined : network;
    });
  },
};
