import type { Call } from './call.ts';
import type { Takeover } from './takeover.ts';

/** A request that takes over its connection, as its handler sees it. */
export interface TakeoverCall extends Takeover, Pick<Call, 'params' | 'query' | 'version' | 'signal'> {}
