import type { Command } from '../cli/command.ts';
import { secrets } from '../connection/methods.ts';
import { forEachContainer } from './for-each.ts';

export const secretRm: Command = {
  name: 'secret rm',
  usage: 'SECRET [SECRET...]',
  summary: 'Remove secrets',
  example: 'likerctl secret rm db',
  flags: [],
  operands: [1, Number.POSITIVE_INFINITY],
  async run({ operands, context }) {
    const connection = await context.connect();
    return forEachContainer(operands, async (name) => {
      await connection.unary(secrets.RemoveSecret, { name });
      return name;
    });
  },
};
