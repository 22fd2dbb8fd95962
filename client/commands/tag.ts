import type { Command } from '../cli/command.ts';
import { images } from '../connection/methods.ts';

export const tag: Command = {
  name: 'tag',
  usage: 'IMAGE NAME[:TAG]',
  summary: 'Give an image one more name',
  example: 'likerctl tag debian:13 localhost:5000/base:1',
  flags: [],
  operands: [2, 2],
  async run({ operands: [image = '', name = ''], context }) {
    await (await context.connect()).unary(images.TagImage, { image, name });
    return 0;
  },
};
