import { encodeLookUp } from '../../../kernel/plan/encode.ts';
import type { HostProcess } from '../../../kernel/process/host-process.ts';
import type { EngineContext } from '../../context.ts';
import { startError } from '../life/start-error.ts';
import type { Container } from '../model/container.ts';
import { askedUser, lookUpStep } from '../plan/user.ts';

/** The user of a container's spec, by its own files: those in the mount namespace of a process. Errors: UNKNOWN_USER. */
export async function userOf(
  context: EngineContext,
  { spec, name }: Container,
  process: HostProcess,
): Promise<{ readonly uid: number; readonly gid: number }> {
  const found = await context.processes.lookUp(encodeLookUp(process, lookUpStep(askedUser(spec.process))));
  if ('errno' in found) throw startError(`the look-up of the user of container '${name}'`, found);
  return { uid: found.uid, gid: found.gid };
}
