import type { Door } from '../door.ts';
import { type Answer, json } from '../http/answer.ts';
import { type Call, nameOf } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';

/** Parts of Docker's API that Liker does not have. */
export function notServed(why: string): () => Promise<never> {
  return async () => {
    throw new HttpError(501, why);
  };
}

/** docker system prune also asks for this. */
export async function pruneBuilds(): Promise<Answer> {
  return json({ CachesDeleted: [], SpaceReclaimed: 0 });
}

export async function noPlugins(): Promise<Answer> {
  return json([]);
}

/** docker inspect asks for one in the end, after everything else of that name. */
export async function noSuchPlugin(_door: Door, call: Call): Promise<never> {
  throw new HttpError(404, `plugin "${nameOf(call)}" not found`);
}

export async function noSwarm(): Promise<never> {
  throw new HttpError(
    503,
    'This node is not a swarm manager. Liker runs containers on one machine and has no swarm.',
  );
}
