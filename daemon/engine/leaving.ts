import type { EngineContext } from './context.ts';

/** This daemon has left its containers to the next one. Work that stops with it undoes nothing, and no client is informed. */
export class LeavingError extends Error {}

/** Throws LeavingError once this daemon has left its containers. */
export function requireStaying({ leaving }: Pick<EngineContext, 'leaving'>): void {
  if (leaving.signal.aborted) throw new LeavingError('likerd has left its containers to the next one');
}
