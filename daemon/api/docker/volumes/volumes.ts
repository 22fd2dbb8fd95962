import * as v from 'valibot';
import { volumeRecord } from '../../../../common/docker-records.ts';
import type { VolumeView } from '../../../engine/volumes/api.ts';
import type { Door } from '../door.ts';
import { timeText } from '../format/time.ts';
import { type Answer, empty, json } from '../http/answer.ts';
import { bodyOf, type Call, flagOf, mapOf, nameOf, text } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';
import { filtersOf } from '../http/filters.ts';

export async function listVolumes({ engine }: Door, call: Call): Promise<Answer> {
  const volumes = await engine.volumes.list(filtersOf(call), { withSize: false });
  return json({ Volumes: volumes.map(volumeOf), Warnings: [] });
}

export async function inspectVolume({ engine }: Door, call: Call): Promise<Answer> {
  return json(volumeOf(await engine.volumes.get(nameOf(call), { withSize: false })));
}

const createBody = v.looseObject({
  Name: text,
  Driver: text,
  DriverOpts: mapOf(v.string()),
  Labels: mapOf(v.string()),
});

/** The volume of this name, which is made if there is none. */
export async function createVolume({ engine }: Door, call: Call): Promise<Answer> {
  const body = await bodyOf(call, createBody);
  if (!['', 'local'].includes(body.Driver))
    throw new HttpError(400, `Cannot use the volume driver '${body.Driver}': there is only local`);
  const [option] = body.DriverOpts.keys();
  if (option !== undefined)
    throw new HttpError(
      400,
      `Cannot use the option '${option}' of a volume: it is a folder of likerd's; bind a folder of the host instead`,
    );
  const { volume: made } = await engine.volumes.create({
    name: body.Name,
    labels: Object.fromEntries(body.Labels),
  });
  return json(volumeOf(made), 201);
}

export async function removeVolume({ engine }: Door, call: Call): Promise<Answer> {
  await engine.volumes.remove(nameOf(call), { force: flagOf(call, 'force') });
  return empty();
}

export async function pruneVolumes({ engine }: Door, call: Call): Promise<Answer> {
  const filters = filtersOf(call);
  const all = filters.some(({ key, value }) => key === 'all' && ['true', '1'].includes(value));
  // Before 1.42, those with a name were pruned, too.
  const { names, reclaimedBytes } = await engine.volumes.prune(
    filters.filter(({ key }) => key !== 'all'),
    { all: all || call.version < 42 },
  );
  return json({ VolumesDeleted: names, SpaceReclaimed: reclaimedBytes });
}

export function volumeOf(view: VolumeView): object {
  const { createdAt, sizeBytes, users } = view;
  return {
    ...volumeRecord(view, timeText(createdAt)),
    ...(sizeBytes !== null && { UsageData: { RefCount: users.length, Size: sizeBytes } }),
  };
}
