import { join } from 'node:path';
import { LikerError } from '../../../../common/errors.ts';
import { rangeSize } from '../../../kernel/users/id-maps.ts';
import type { EngineContext } from '../../context.ts';
import { type ContainerSpec, type Rootfs, rootMode } from '../model/spec.ts';

export const field = 'spec.namespaces.user';

/** Why a container with this root can have no user namespace of its own; empty: it can. */
export function userNamespaceProblem(
  context: EngineContext,
  rootfs: Rootfs,
  { needsRange }: { readonly needsRange: boolean },
): string {
  const { users } = context;
  return (
    users.problem() ||
    (needsRange ? poolProblem(users) : '') ||
    idmapProblem(context, rootfs.kind === 'image' ? join(context.paths.root, 'layers') : rootfs.directory) ||
    (rootMode(rootfs) === 'rw' ? '' : layerProblem(context))
  );
}

/** Why no container with a layer of its own can have one; empty: it depends on the root's file system. */
export function machineProblem(context: EngineContext): string {
  const { users } = context;
  if (!users.isRootOnHost)
    return 'there is no range of its own for a container without root, but keep-id and maps';
  return users.problem() || poolProblem(users) || layerProblem(context);
}

function poolProblem({ pool }: EngineContext['users']): string {
  return pool.size > 0 ? '' : `${pool.source} gives no ${rangeSize} ids in a row`;
}

function layerProblem(context: EngineContext): string {
  return context.users.overlayProblem() || idmapProblem(context, join(context.paths.root, 'containers'));
}

function idmapProblem(context: EngineContext, path: string): string {
  return context.users.idmapProblem(path, { type: () => context.mounts.of(path).type });
}

/** Why a container cannot have its sysctls if it is in a user namespace (T59); empty: it can. */
export function sysctlProblem({ network }: EngineContext, { sysctls }: ContainerSpec): string {
  const name = network.withheldSysctl(Object.keys(sysctls));
  return name === null ? '' : `the kernel withholds '${name}' from the network namespaces of user namespaces`;
}

/** Throws USERNS_UNAVAILABLE for sysctls that a container in a user namespace cannot have. */
export function requireSysctls(context: EngineContext, spec: ContainerSpec): void {
  const problem = sysctlProblem(context, spec);
  if (problem !== '') throw unavailable(problem, '; leave that out, or use --userns host');
}

/** `remedy`: what to do, behind the problem. */
export function unavailable(problem: string, remedy = ''): LikerError {
  return new LikerError('USERNS_UNAVAILABLE', `Cannot make a user namespace: ${problem}${remedy}`, {
    field,
    metadata: { field, problem },
  });
}
