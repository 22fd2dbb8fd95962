import type { Command } from '../cli/command.ts';
import { files } from '../connection/methods.ts';
import { printLines } from '../output/print.ts';

const letters: ReadonlyMap<string, string> = new Map([
  ['FILE_CHANGE_KIND_ADDED', 'A'],
  ['FILE_CHANGE_KIND_CHANGED', 'C'],
  ['FILE_CHANGE_KIND_DELETED', 'D'],
]);

export const diff: Command = {
  name: 'diff',
  usage: 'CONTAINER',
  summary: 'List files that a container has added, changed or deleted',
  example: 'likerctl diff web',
  flags: [],
  operands: [1, 1],
  async run({ operands: [container = ''], context }) {
    const connection = await context.connect();
    const answers = connection.messages(files.ListChanges, () => ({ container }), {
      follows: false,
      again: 'list the changes again',
    });
    for await (const { changes } of answers)
      printLines(changes.map(({ kind, path }) => `${letters.get(String(kind)) ?? '?'} ${path}`));
    return 0;
  },
};
