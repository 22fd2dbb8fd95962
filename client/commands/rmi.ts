import { hasReason } from '../../common/errors.ts';
import type { Command } from '../cli/command.ts';
import { images } from '../connection/methods.ts';
import { notice } from '../output/notice.ts';
import { printLines } from '../output/print.ts';
import { newRequestId } from '../request/request-id.ts';
import { forEachName } from './for-each.ts';
import { removedLines } from './removed-lines.ts';

export const rmi: Command = {
  name: 'rmi',
  usage: 'IMAGE [IMAGE...]',
  summary: 'Take names from images, and remove those that have no other',
  example: 'likerctl rmi debian:12 alpine',
  flags: [
    {
      name: 'force',
      short: 'f',
      type: 'bool',
      help: 'Also take the last name from an image that containers have; remove an id with all its names; ignore a missing image',
    },
    { name: 'no-prune', type: 'bool', help: 'Accepted without effect: there are no parents of images' },
  ],
  operands: [1, Number.POSITIVE_INFINITY],
  async run({ flags, operands, context }) {
    const connection = await context.connect();
    const force = flags.bool('force');
    return forEachName(operands, async (image) => {
      try {
        const request = { image, force, requestId: newRequestId() };
        const { removed } = await connection.unary(images.RemoveImage, request);
        if (removed !== null) printLines(removedLines(removed));
      } catch (error) {
        if (!force || !hasReason(error, 'IMAGE_NOT_FOUND')) throw error;
        notice(error.message);
      }
      return undefined;
    });
  },
};
