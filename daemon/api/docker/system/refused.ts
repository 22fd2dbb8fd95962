import { HttpError } from '../http/errors.ts';

/** Parts of Docker's API that Liker does not have. */
export function notServed(why: string): () => Promise<never> {
  return async () => {
    throw new HttpError(501, why);
  };
}

export async function noSwarm(): Promise<never> {
  throw new HttpError(
    503,
    'This node is not a swarm manager. Liker runs containers on one machine and has no swarm.',
  );
}
