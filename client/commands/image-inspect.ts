import type { Command } from '../cli/command.ts';
import { images } from '../connection/methods.ts';
import { imageRecord } from '../format/image-inspect.ts';
import { forEachContainer } from './for-each.ts';
import { recordPrinter } from './print-records.ts';

export const imageInspect: Command = {
  name: 'image inspect',
  usage: 'IMAGE [IMAGE...]',
  summary: 'Print details of images, as JSON',
  example: "likerctl image inspect -f '{{.Config.Cmd}}' debian",
  flags: [
    {
      name: 'format',
      short: 'f',
      type: 'string',
      value: 'FORMAT',
      help: "json, or a template such as '{{.Config.Env}}'",
    },
  ],
  operands: [1, Number.POSITIVE_INFINITY],
  async run({ flags, operands, context }) {
    const print = recordPrinter(flags.text('format') ?? '');
    const connection = await context.connect();
    const records: object[] = [];
    const code = await forEachContainer(operands, async (image) => {
      records.push(imageRecord(await connection.unary(images.GetImage, { image })));
      return undefined;
    });
    print(records);
    return code;
  },
};
