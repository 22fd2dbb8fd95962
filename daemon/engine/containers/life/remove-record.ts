import { LikerError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import type { Requested } from '../../journal/requests.ts';
import type { ExitStatus } from '../../process/exit-status.ts';
import type { Container } from '../model/container.ts';
import { removeAnonymousVolumes } from './remove-volumes.ts';

/** Removes the record and the folders of a container that does not run; with `volumes` or --rm, its anonymous volumes, too. */
export function removeRecord(
  context: EngineContext,
  container: Container,
  exit: ExitStatus | null,
  how: { readonly asked: boolean; readonly volumes?: boolean } & Requested = { asked: false },
): void {
  // In this order: if the daemon dies in between, it leaves folders without a record, which the next one clears away. On a
  // full disk it leaves a record without folders, which the next one takes as removed.
  context.ledger.delete(container, exit, how);
  context.registry.delete(container);
  void container.fileUses.end(filesGone(container));
  for (const reader of container.logReaders) reader.hold();
  context.folders.remove(container.id, container.shimEnded);
  if (how.volumes || container.spec.autoRemove) removeAnonymousVolumes(context, container);
  const { backlog } = context.journal;
  if (backlog.problem) void context.folders.settled().then(() => backlog.tryNow());
}

/** For those who use the files of a container that is removed. */
export function filesGone({ id, name }: Container): LikerError {
  return new LikerError(
    'WRONG_STATE',
    `The files of container '${name}' could not be used to the end: it is being removed`,
    { metadata: { container: id } },
  );
}
