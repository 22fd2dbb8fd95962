import type { Command } from '../cli/command.ts';
import { leases } from '../connection/methods.ts';
import { callForEach } from './for-each.ts';

export const leaseRm: Command = {
  name: 'lease rm',
  usage: 'LEASE [LEASE...]',
  summary: 'End leases: kill and remove their containers, networks and volumes',
  example: 'likerctl lease rm 3f9c1b7e52d80a64',
  flags: [],
  operands: [1, Number.POSITIVE_INFINITY],
  run: (invocation) => callForEach(invocation, leases.RemoveLease, (leaseId) => ({ leaseId })),
};
