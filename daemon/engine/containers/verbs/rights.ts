import type { EngineContext } from '../../context.ts';
import type { ExecProcess, ProcessSpec } from '../../process/spec.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { hasInit } from '../plan/container.ts';

type Security = Pick<EngineContext['security'], 'rightsOf'>;
type Rights = ReturnType<Security['rightsOf']>;

/** The rights of a container's main process. Throws for what this machine lacks. */
export function rightsOfMain(security: Security, spec: ContainerSpec): Rights {
  return security.rightsOf(spec, { ...spec.process, init: hasInit(spec), landlock: [spec.process.landlock] });
}

/**
 * The rights of a process beside it. The container's limits and label hold for that, too; but as in Docker, one with more
 * privileges than the container has no label. `spec`: the request with what it has from the container.
 */
export function rightsOfExec(
  security: Security,
  container: ContainerSpec,
  { spec, request }: { readonly spec: ProcessSpec; readonly request: ExecProcess },
): Rights {
  const { privileged, landlock } = container.process;
  const unlabelled = request.privileged && !privileged ? { apparmorProfile: '', selinuxLabel: [] } : {};
  return security.rightsOf(
    { ...container, ...unlabelled },
    { ...spec, init: false, landlock: [landlock, request.landlock] },
  );
}
