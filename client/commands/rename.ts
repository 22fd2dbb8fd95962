import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { newRequestId } from '../request/request-id.ts';

export const rename: Command = {
  name: 'rename',
  usage: 'CONTAINER NEW_NAME',
  summary: 'Give a container another name',
  example: 'likerctl rename web web-old',
  flags: [],
  operands: [2, 2],
  async run({ operands: [container = '', newName = ''], context }) {
    const connection = await context.connect();
    await connection.unary(containers.RenameContainer, { container, newName, requestId: newRequestId() });
    return 0;
  },
};
