import type { Command } from '../cli/command.ts';
import { images } from '../connection/methods.ts';
import { imageRecord } from '../format/image-inspect.ts';
import { inspectEach } from './inspect-each.ts';

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
  run: (invocation) =>
    inspectEach(invocation, async (connection, image) =>
      imageRecord(await connection.unary(images.GetImage, { image })),
    ),
};
