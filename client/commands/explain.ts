import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { printLines } from '../output/print.ts';
import { table } from '../output/table.ts';
import { toJson } from '../output/visible.ts';

export const explain: Command = {
  name: 'explain',
  usage: 'CONTAINER',
  summary: 'Print the steps by which the container is started, in order',
  example: 'likerctl explain web',
  flags: [
    { name: 'format', type: 'string', choices: ['json'], value: 'json', help: 'json: one object per line' },
  ],
  operands: [1, 1],
  async run({ flags, operands: [container = ''], context }) {
    const connection = await context.connect();
    const { steps } = await connection.unary(containers.ExplainContainer, { container });
    const lines =
      flags.text('format') === 'json'
        ? steps.map(({ name, detail }) => toJson({ Name: name, Detail: detail }))
        : table(steps.map(({ name, detail }, index) => [String(index + 1), name, detail]));
    printLines(lines.map((line) => line.trimEnd()));
    return 0;
  },
};
