import { badArgument } from '../../common/errors.ts';
import type { Command } from '../cli/command.ts';
import { volumes } from '../connection/methods.ts';
import { printLines } from '../output/print.ts';
import { collectLabels } from '../request/env.ts';
import { newRequestId } from '../request/request-id.ts';

export const volumeCreate: Command = {
  name: 'volume create',
  usage: '[NAME]',
  summary: 'Create a volume, a folder that outlives its containers',
  example: 'likerctl volume create --label job=test data',
  flags: [
    {
      name: 'driver',
      short: 'd',
      type: 'string',
      choices: ['local'],
      value: 'DRIVER',
      help: 'local, the only one',
    },
    { name: 'label', type: 'list', value: 'NAME[=VALUE]', help: 'Set a label' },
    { name: 'name', type: 'string', value: 'NAME', help: 'Name of the volume, as an operand' },
  ],
  operands: [0, 1],
  async run({ flags, operands, context }) {
    const [operand, flag] = [operands[0], flags.text('name')];
    if (operand !== undefined && flag !== undefined)
      throw badArgument('name', 'Give the name of the volume either as an operand or with --name');
    const connection = await context.connect();
    const { volume } = await connection.unary(volumes.CreateVolume, {
      name: operand ?? flag ?? '',
      labels: collectLabels([], flags.list('label')),
      requestId: newRequestId(),
    });
    printLines([volume?.name ?? '']);
    return 0;
  },
};
