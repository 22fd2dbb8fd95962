import { checkRange } from '../../../../common/checks.ts';
import { badArgument } from '../../../../common/errors.ts';
import type { ContainerSpec } from '../model/spec.ts';

/** Throws BAD_ARGUMENT for a bound that the policy does not have, and if it would start a container that is removed at its end. */
export function checkRestart(
  { restart, autoRemove }: Pick<ContainerSpec, 'restart' | 'autoRemove'>,
  field: string,
): void {
  const { name, maxRetries } = restart;
  checkRange(maxRetries, [0, Number.MAX_SAFE_INTEGER], `${field}.max_retries`);
  if (maxRetries !== 0 && name !== 'on-failure')
    throw badArgument(
      `${field}.max_retries`,
      `Cannot limit the restarts of policy '${name}': only on-failure takes a limit`,
    );
  if (name === 'no' || !autoRemove) return;
  throw badArgument(
    field,
    `Cannot use restart policy '${name}' together with auto_remove (--rm): the container is removed when it exits; leave out one of them`,
  );
}
