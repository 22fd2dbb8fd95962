import { familiar } from '../../common/image-name.ts';
import type { Command } from '../cli/command.ts';
import { images } from '../connection/methods.ts';
import { printLines } from '../output/print.ts';

export const untag: Command = {
  name: 'untag',
  usage: 'IMAGE [NAME[:TAG]...]',
  summary: 'Take names, or all of them, from an image, which stays',
  example: 'likerctl untag debian:13 localhost:5000/base:1',
  flags: [],
  operands: [1, Number.POSITIVE_INFINITY],
  async run({ operands: [image = '', ...wanted], context }) {
    const connection = await context.connect();
    const { names } = await connection.unary(images.UntagImage, { image, names: wanted });
    printLines(names.map((name) => `Untagged: ${familiar(name)}`));
    return 0;
  },
};
