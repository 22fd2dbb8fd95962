import { closeSync, openSync, readSync } from 'node:fs';
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

/** A little more than a secret may hold, so that likerd says how much too long a file is without likerctl reading all of it. */
const enoughBytes = 1 << 20;

function contentOf(file: string): Buffer {
  let fd: number | null = null;
  try {
    fd = file === '-' ? stdinFd : openSync(file, 'r');
    const content = Buffer.alloc(enoughBytes);
    let end = 0;
    for (let got = -1; got !== 0 && end < content.length; end += got)
      got = readSync(fd, content, end, content.length - end, null);
    return content.subarray(0, end);
  } catch (error) {
    throw badArgument('content', `Cannot read '${file}': ${fileProblem(error, 'read')}`);
  } finally {
    if (fd !== null && fd !== stdinFd) closeSync(fd);
  }
}
