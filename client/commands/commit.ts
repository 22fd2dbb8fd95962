import { parseImageName } from '../../common/image-name.ts';
import type { Command } from '../cli/command.ts';
import { files } from '../connection/methods.ts';
import { printLines } from '../output/print.ts';

export const commit: Command = {
  name: 'commit',
  usage: 'CONTAINER [NAME[:TAG]]',
  summary: 'Make an image of what a container has changed',
  example: "likerctl commit -m 'with a site' web mine:1",
  flags: [
    { name: 'author', short: 'a', type: 'string', value: 'NAME', help: 'Who made it' },
    {
      name: 'change',
      short: 'c',
      type: 'list',
      value: 'INSTRUCTION',
      help: "An instruction of a Dockerfile that says how to run it, such as 'CMD [\"bash\"]' or 'ENV A=b'",
    },
    { name: 'message', short: 'm', type: 'string', value: 'TEXT', help: 'Comment for its history' },
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
      message: flags.text('message') ?? '',
      changes: [...flags.list('change')],
      noPause: !flags.bool('pause', true),
    });
    printLines([image?.id ?? '']);
    return 0;
  },
};
