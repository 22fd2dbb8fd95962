import { spawnSync } from 'node:child_process';
import type { Command } from '../cli/command.ts';
import { isOnTerminal, printText } from '../output/print.ts';
import { terminalReset } from '../session/terminal.ts';

export const resetTty: Command = {
  name: 'reset-tty',
  usage: '',
  summary: 'Repair a terminal that an interrupted program has left in a bad state',
  example: 'likerctl reset-tty',
  flags: [],
  operands: [0, 0],
  async run() {
    spawnSync('stty', ['sane'], { stdio: ['inherit', 'ignore', 'ignore'] });
    if (isOnTerminal()) printText(terminalReset);
    return 0;
  },
};
