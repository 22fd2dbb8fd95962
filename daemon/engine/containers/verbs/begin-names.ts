import { encodeSteps } from '../../../kernel/plan/encode.ts';
import type { HostProcess } from '../../../kernel/process/host-process.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { connectedResolvConf } from '../plan/host-files.ts';
import { rewriteSteps } from '../plan/live-mounts.ts';
import { networkSide } from './compile.ts';
import { mountError } from './mount-error.ts';

/** To find a file and write it. */
const writeMs = 10_000;

/**
 * A container that started on no network finds others by their names from its first one on: the resolver answers in its network namespace,
 * and its resolv.conf says so. `next`: its spec from then on.
 */
export async function beginNames(
  context: EngineContext,
  container: Container,
  next: ContainerSpec,
  main: HostProcess,
): Promise<void> {
  const { resolver } = context.network;
  if (resolver === null) return;
  await resolver.open(container.id, main);
  const files = connectedResolvConf(next, networkSide(context, []));
  const maps = container.facts.userNamespace?.maps ?? null;
  const failure = await context.processes.act(encodeSteps(rewriteSteps(files, { main, maps })), writeMs);
  if (failure !== null) throw mountError("write '/etc/resolv.conf' in", container, failure);
}
