import { readFileSync } from 'node:fs';
import { badArgument } from '../../common/errors.ts';
import type { Command } from '../cli/command.ts';
import { fileProblem } from '../cli/file-problem.ts';
import { secrets } from '../connection/methods.ts';
import { printLines } from '../output/print.ts';

const stdinFd = 0;

export const secretCreate: Command = {
  name: 'secret create',
  usage: 'NAME FILE|-',
  summary: 'Create a secret from a file or from stdin',
  example: 'likerctl secret create db ./password.txt',
  flags: [],
  operands: [2, 2],
  async run({ operands: [name = '', file = ''], context }) {
    const content = contentOf(file);
    const connection = await context.connect();
    await connection.unary(secrets.CreateSecret, { name, content });
    printLines([name]);
    return 0;
  },
};

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? stdinFd : file);
  } catch (error) {
    throw badArgument('content', `Cannot read '${file}': ${fileProblem(error, 'read')}`);
  }
}
