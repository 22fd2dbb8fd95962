import { LikerError } from '../../../../common/errors.ts';
import { type EngineContext, runFolderOf } from '../../context.ts';
import type { Container } from '../model/container.ts';
import type { ContainerSpec, PublishedPort } from '../model/spec.ts';

/** Whether the container's own network is to be connected to the outside: only where likerd runs without root, and unless it was to be alone. */
export function isConnected(
  context: Pick<EngineContext, 'network'>,
  { namespaces: { network }, networks, cni }: Pick<ContainerSpec, 'namespaces' | 'networks' | 'cni'>,
): boolean {
  if (networks.length > 0 || cni.length > 0) return false;
  return network.kind === 'private' && !network.alone && context.network.pasta?.problem() === '';
}

/** The name of the program that connects it; empty: none does. */
export function connectedBy(
  context: Pick<EngineContext, 'network'>,
  spec: Pick<ContainerSpec, 'namespaces' | 'networks' | 'cni'>,
): string {
  return isConnected(context, spec) ? 'pasta' : '';
}

/** The program that connects it, and its arguments; empty: none. */
export function connectingProgram(context: EngineContext, container: Container): string[] {
  if (!isConnected(context, container.spec)) return [];
  return context.network.pasta?.command(runFolderOf(context, container.id), container.facts.ports) ?? [];
}

/** Throws NETWORK_UNAVAILABLE where pasta cannot publish these ports. */
export function requirePasta(
  { network: { pasta } }: Pick<EngineContext, 'network'>,
  ports: readonly PublishedPort[],
): void {
  const problem = pasta?.problem() || pasta?.portsProblem(ports) || '';
  if (problem === '') return;
  throw new LikerError('NETWORK_UNAVAILABLE', `Cannot publish ports: ${problem}`, { field: 'spec.ports' });
}
