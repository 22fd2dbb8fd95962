import { parseImageName } from '../../common/image-name.ts';
import type { Command } from '../cli/command.ts';
import { files } from '../connection/methods.ts';
import { printLines } from '../output/print.ts';
import { changeFlag, historyOf, messageFlag } from './image-flags.ts';

export const commit: Command = {
  name: 'commit',
  usage: 'CONTAINER [NAME[:TAG]]',
  summary: 'Make an image of what a container has changed',
  example: "likerctl commit -m 'with a site' web mine:1",
  flags: [
    { name: 'author', short: 'a', type: 'string', value: 'NAME', help: 'Who made it' },
    changeFlag,
    messageFlag,
    {
      name: 'pause',
      short: 'p',
      type: 'bool',
      fallback: 'true',
      help: 'Pause the container while its files are read',
    },
  ],
  operands: [1, 2],
  async run({ flags, operands: [container = '', name = ''], context }) {
    if (name !== '') parseImageName(name, 'name');
    const { image } = await (await context.connect()).unary(files.CommitContainer, {
      container,
      name,
      author: flags.text('author') ?? '',
      ...historyOf(flags),
      noPause: !flags.bool('pause', true),
    });
    printLines([image?.id ?? '']);
    return 0;
  },
};
