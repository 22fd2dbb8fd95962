import type { Command } from '../cli/command.ts';
import { leases } from '../connection/methods.ts';
import { forEachName } from './for-each.ts';

export const leaseRm: Command = {
  name: 'lease rm',
  usage: 'LEASE [LEASE...]',
  summary: 'End leases: kill and remove their containers, networks and volumes',
  example: 'likerctl lease rm 3f9c1b7e52d80a64',
  flags: [],
  operands: [1, Number.POSITIVE_INFINITY],
  async run({ operands, context }) {
    const connection = await context.connect();
    return forEachName(operands, async (leaseId) => {
      // To remove what is not there is a success for the API. Whoever mistyped an id should be told.
      await connection.unary(leases.GetLease, { leaseId });
      await connection.unary(leases.RemoveLease, { leaseId });
      return leaseId;
    });
  },
};
