import { volumeRecord } from '../../common/docker-records.ts';
import { LikerError } from '../../common/errors.ts';
import type { Command } from '../cli/command.ts';
import type { Connection } from '../connection/connection.ts';
import { volumes } from '../connection/methods.ts';
import { rfc3339 } from '../format/timestamp.ts';
import { inspectEach } from './inspect-each.ts';

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
  run: (invocation) => inspectEach(invocation, fetchVolume),
};

/** The record of one volume, as `inspect` prints it. */
export async function fetchVolume(connection: Connection, name: string): Promise<object> {
  const { volume } = await connection.unary(volumes.GetVolume, { name });
  if (volume === null) throw new LikerError('INTERNAL', `likerd returned no volume for '${name}'`);
  return volumeRecord(volume, rfc3339(volume.createdAt));
}
