import * as v from 'valibot';
import type { Door } from '../door.ts';
import { type Answer, json } from '../http/answer.ts';
import { bodyOf, type Call, nameOf } from '../http/call.ts';
import { filtersOf } from '../http/filters.ts';
import { limitFields, restartPolicy } from './create-body.ts';
import { parseLimits } from './parse-limits.ts';
import { parseRestart } from './parse-spec.ts';

const updateBody = v.looseObject({ ...limitFields, RestartPolicy: restartPolicy });

export async function updateContainer({ engine }: Door, call: Call): Promise<Answer> {
  const body = await bodyOf(call, updateBody);
  // Docker's command sends an empty policy where none is asked for.
  const restart = body.RestartPolicy?.Name ? parseRestart(body.RestartPolicy) : null;
  await engine.containers.update(nameOf(call), { limits: parseLimits(body), restart, egress: null });
  return json({ Warnings: [] });
}

export async function pruneContainers({ engine }: Door, call: Call): Promise<Answer> {
  const { ids, reclaimedBytes } = await engine.containers.prune(filtersOf(call));
  return json({ ContainersDeleted: ids, SpaceReclaimed: reclaimedBytes });
}
