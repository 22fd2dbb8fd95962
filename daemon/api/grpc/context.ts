import { LikerError } from '../../../common/errors.ts';
import type { EngineApi } from '../../engine/api.ts';
import type { Log } from '../../host/log.ts';
import type { OpenCalls } from './open-calls.ts';

/** What every service works with. */
export interface ApiContext {
  readonly engine: EngineApi;
  readonly log: Log;
  readonly calls: OpenCalls;
}

export function shuttingDown(): LikerError {
  return new LikerError('SHUTTING_DOWN', 'The daemon is shutting down: call again once it is back');
}
