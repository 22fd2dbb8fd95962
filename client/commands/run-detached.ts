import { asError, hasReason, LikerError } from '../../common/errors.ts';
import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';
import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import { engineFailureCode } from '../cli/exit-codes.ts';
import type { FlagValues } from '../cli/flag.ts';
import type { Connection } from '../connection/connection.ts';
import { containers } from '../connection/methods.ts';
import { notice } from '../output/notice.ts';
import { printLines } from '../output/print.ts';
import { newRequestId } from '../request/request-id.ts';
import type { IdFiles } from './id-files.ts';

/** The input of run -d and create. */
export interface CreateJob {
  readonly spec: ContainerSpecInput;
  readonly flags: FlagValues;
  readonly connection: Connection;
  readonly idFiles: IdFiles;
}

/** Creates and starts a container and prints its id. With --rm, removes it again if it cannot be started. */
export async function runDetached(job: CreateJob): Promise<number> {
  const { id } = await createContainer(job);
  let pid = 0;
  try {
    ({ pid } = await job.connection.unary(containers.StartContainer, {
      container: id,
      requestId: newRequestId(),
    }));
  } catch (error) {
    if (job.flags.bool('rm')) await removeQuietly(job.connection, id);
    return startFailure(asError(error));
  }
  job.idFiles.write(id, pid);
  printLines([id]);
  return 0;
}

export async function createContainer({ spec, flags, connection }: CreateJob): Promise<Container> {
  const { container, warnings } = await connection.unary(containers.CreateContainer, {
    spec,
    requestId: newRequestId(),
    replace: flags.bool('replace'),
  });
  for (const warning of warnings) notice(warning);
  if (container === null) throw new LikerError('INTERNAL', 'likerd returned no container');
  return container;
}

/** Prints why a start failed. Returns 127 or 126 for a bad command, 125 for a failure of the engine. */
export function startFailure(error: Error): number {
  notice(error.message);
  if (hasReason(error, 'COMMAND_NOT_FOUND')) return 127;
  return hasReason(error, 'COMMAND_NOT_EXECUTABLE') ? 126 : engineFailureCode;
}

async function removeQuietly(connection: Connection, container: string): Promise<void> {
  try {
    await connection.unary(containers.RemoveContainer, { container, force: true, requestId: newRequestId() });
  } catch {
    // The daemon removes it by itself, or reports the failure on the next call.
  }
}
