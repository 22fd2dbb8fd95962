import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { tellCniFailure } from '../resources/cni-failure.ts';

/**
 * A container ran on while no likerd did: its plugins of CNI say whether what they have made is still there, such as rules that the reload
 * of a firewall removes. If it is not, that is told; the container goes on.
 */
export function checkCni(context: EngineContext, container: Container, signal: AbortSignal): void {
  const { cni: kernel } = context.network;
  const { cni } = container;
  if (!kernel || !cni || cni.connections.length === 0) return;
  const stopping = new AbortController();
  const stopped = AbortSignal.any([signal, stopping.signal]);
  const checked = async (): Promise<void> => {
    const { marker, namespace, attachments } = cni.record;
    for (const attachment of attachments) {
      const cannot = `Container '${container.name}' may have lost the CNI network '${attachment.network.name}'`;
      const call = { marker, namespace, signal: stopped, cannot };
      await kernel
        .check({ ...attachment, containerId: container.id }, attachment.result, call)
        .catch((error: unknown) => {
          if (!stopped.aborted) tellCniFailure(context, container.id, 'CHECK', error);
        });
    }
  };
  const checking = checked().finally(() => {
    cni.stop = null;
  });
  // Plugins are called one at a time for a container.
  cni.stop = async () => {
    stopping.abort();
    await checking;
  };
  inBackground(context, container, 'checking networks of CNI failed', checking);
}
