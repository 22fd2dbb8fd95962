import { LikerError } from '../../common/errors.ts';
import type { Volume } from '../../proto/gen/types/liker/v1/Volume.ts';
import type { Command } from '../cli/command.ts';
import { volumes } from '../connection/methods.ts';
import { rfc3339 } from '../format/timestamp.ts';
import { forEachContainer } from './for-each.ts';
import { recordPrinter } from './print-records.ts';

export const volumeInspect: Command = {
  name: 'volume inspect',
  usage: 'VOLUME [VOLUME...]',
  summary: 'Print details of volumes, as JSON',
  example: "likerctl volume inspect -f '{{.Mountpoint}}' data",
  flags: [
    {
      name: 'format',
      short: 'f',
      type: 'string',
      value: 'FORMAT',
      help: "json, or a template such as '{{.Mountpoint}}'",
    },
  ],
  operands: [1, Number.POSITIVE_INFINITY],
  async run({ flags, operands, context }) {
    const print = recordPrinter(flags.text('format') ?? '');
    const connection = await context.connect();
    const records: object[] = [];
    const code = await forEachContainer(operands, async (name) => {
      const { volume } = await connection.unary(volumes.GetVolume, { name });
      if (volume === null) throw new LikerError('INTERNAL', `likerd returned no volume for '${name}'`);
      records.push(volumeRecord(volume));
      return undefined;
    });
    print(records);
    return code;
  },
};

/** Docker's fields. */
function volumeRecord({ name, createdAt, labels, path }: Volume): object {
  return {
    CreatedAt: rfc3339(createdAt),
    Driver: 'local',
    Labels: labels,
    Mountpoint: path,
    Name: name,
    Options: {},
    Scope: 'local',
  };
}
