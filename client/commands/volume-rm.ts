import type { Command } from '../cli/command.ts';
import { volumes } from '../connection/methods.ts';
import { forEachContainer } from './for-each.ts';

export const volumeRm: Command = {
  name: 'volume rm',
  usage: 'VOLUME [VOLUME...]',
  summary: 'Remove volumes with their files',
  example: 'likerctl volume rm data',
  flags: [{ name: 'force', short: 'f', type: 'bool', help: 'Ignore a missing one' }],
  operands: [1, Number.POSITIVE_INFINITY],
  async run({ flags, operands, context }) {
    const connection = await context.connect();
    const force = flags.bool('force');
    return forEachContainer(operands, async (name) => {
      await connection.unary(volumes.RemoveVolume, { name, force });
      return name;
    });
  },
};
