import { LikerError } from '../../../common/errors.ts';
import type { HostProcess } from './host-process.ts';
import type { ShimListener, StartFailure } from './reports.ts';
import type { Shim } from './shim.ts';

/** A process that only is there, so that its root and its mounts can be used. */
export interface Holder extends AsyncDisposable {
  readonly process: HostProcess;
}

/** The holder, once it is there, or the step that failed. Disposing of it resolves when its mounts are gone. */
export async function holderOf(shim: Shim, ended: Promise<void>): Promise<Holder | StartFailure> {
  const outcome = await new Promise<HostProcess | StartFailure | Error>((resolve) => {
    shim.listen({
      ...silent,
      started: (_number, { pid, startTime }) => resolve({ pid, startTime }),
      failed: (_number, failure) => resolve(failure),
      closed: (fault) =>
        resolve(fault ?? new LikerError('SHIM_LOST', 'The shim that holds the files was lost')),
    });
  });
  if ('pid' in outcome) {
    return {
      process: outcome,
      async [Symbol.asyncDispose]() {
        shim.leave();
        await ended;
      },
    };
  }
  shim.leave();
  await ended;
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

const nothing = (): void => {};
const silent: ShimListener = {
  started: nothing,
  failed: nothing,
  data: nothing,
  snapshotData: nothing,
  snapshotEnd: nothing,
  stdinAck: nothing,
  stdinRefused: nothing,
  client: nothing,
  exit: nothing,
  oom: nothing,
  logLost: nothing,
  connect: nothing,
  network: nothing,
  closed: nothing,
};
