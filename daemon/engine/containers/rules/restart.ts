import { badArgument } from '../../../../common/errors.ts';
import type { ContainerSpec } from '../model/spec.ts';

/** Throws BAD_ARGUMENT on `field` if the policy would start a container that is removed at its end. */
export function checkRestart(
  { restart, autoRemove }: Pick<ContainerSpec, 'restart' | 'autoRemove'>,
  field: string,
): void {
  if (restart.name === 'no' || !autoRemove) return;
  throw badArgument(
    field,
    `Cannot start again by policy '${restart.name}' what is removed at its end: leave out the policy or auto_remove (--rm)`,
  );
}
