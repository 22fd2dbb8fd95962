import type { Command } from '../cli/command.ts';
import { engineFailureCode } from '../cli/exit-codes.ts';
import { containers } from '../connection/methods.ts';
import { healthWord } from '../format/status.ts';
import { printLines } from '../output/print.ts';

export const healthcheckRun: Command = {
  name: 'healthcheck run',
  usage: 'CONTAINER',
  summary:
    'Run the health check of a container now. The exit code is 0 if it succeeds; if it fails, the status is printed and the exit code is 1',
  example: 'likerctl healthcheck run web',
  flags: [],
  operands: [1, 1],
  failureCode: engineFailureCode,
  async run({ operands: [container = ''], context }) {
    const connection = await context.connect();
    const { probe, health } = await connection.unary(containers.RunHealthCheck, { container });
    if (probe?.exitCode === 0) return 0;
    printLines([healthWord(health) === 'starting' ? 'starting' : 'unhealthy']);
    return 1;
  },
};
