import { asError } from '../../common/errors.ts';
import type { LogFields } from '../host/log.ts';
import type { Container } from './containers/model/container.ts';
import type { EngineContext } from './context.ts';
import { LeavingError } from './leaving.ts';

/** Lets work on a container run in the background. A failure is logged as `what`, with `fields`. */
export function inBackground(
  { log }: Pick<EngineContext, 'log'>,
  { id }: Pick<Container, 'id'>,
  what: string,
  work: Promise<unknown>,
  fields: LogFields = {},
): void {
  work.catch((error: unknown) => {
    if (error instanceof LeavingError) return;
    log.error(what, { container: id, ...fields, error: asError(error).message });
  });
}
