import { LikerError } from '../../../../common/errors.ts';
import { shortId } from '../../../../common/ids.ts';
import type { RequestKey } from '../../journal/requests.ts';
import type { ExitStatus } from '../../process/exit-status.ts';

/** A container that was removed within the last ten minutes. */
export interface Removed {
  readonly id: string;
  readonly name: string;
  /** Null: it never ran. */
  readonly exit: ExitStatus | null;
}

/** The answer to a repeated request when the container that the first one made is gone. */
export function resultIsGone(request: RequestKey | null, containerId: string): LikerError {
  const metadata = { container: containerId, request_id: request?.id ?? '' };
  return new LikerError(
    'CONTAINER_NOT_FOUND',
    `Cannot answer the repeated request '${metadata.request_id}': the container ${shortId(containerId)} that it created was removed; give another request_id to create a new one`,
    { metadata },
  );
}
