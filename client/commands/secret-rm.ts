import type { Command } from '../cli/command.ts';
import { secrets } from '../connection/methods.ts';
import { callForEach } from './for-each.ts';

export const secretRm: Command = {
  name: 'secret rm',
  usage: 'SECRET [SECRET...]',
  summary: 'Remove secrets',
  example: 'likerctl secret rm db',
  flags: [],
  operands: [1, Number.POSITIVE_INFINITY],
  run: (invocation) => callForEach(invocation, secrets.RemoveSecret, (name) => ({ name })),
};
