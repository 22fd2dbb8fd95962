import { asError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import type { CniRecord } from '../model/cni-run.ts';
import { cniRecordIds, readCniRecord } from '../resources/cni-record.ts';

/** Has plugins of CNI take away what belongs to no container any more, on the networks that containers of this likerd use. */
export async function collectCniGarbage(context: EngineContext): Promise<void> {
  const { cni } = context.network;
  if (cni === null) return;
  const used = new Set([
    ...context.registry.all().flatMap(({ spec }) => spec.cni.map(({ network }) => network)),
    ...recordsOf(context).flatMap(({ attachments }) => attachments.map(({ network }) => network.name)),
  ]);
  if (used.size === 0) return;
  for (const network of cni.networks().networks.filter(({ name }) => used.has(name))) {
    const call = {
      signal: context.leaving.signal,
      cannot: `Cannot take away what is left over on the CNI network '${network.name}'`,
    };
    const failed = (error: unknown): void =>
      context.log.warn('plugins of CNI have failed', { command: 'GC', error: asError(error).message });
    const errors = await cni
      .collect(network, () => attachedTo(context, network.name), call)
      .catch((error: unknown) => [error]);
    if (!context.leaving.signal.aborted) errors.forEach(failed);
  }
}

/** What plugins could not take away when they were asked to is none of it. */
function attachedTo(context: EngineContext, network: string) {
  return recordsOf(context)
    .filter(({ failure }) => failure === '')
    .flatMap(({ id, attachments }) =>
      attachments
        .filter((attachment) => attachment.network.name === network)
        .map(({ interfaceName }) => ({ containerID: id, ifname: interfaceName })),
    );
}

/** Throws where one cannot be read: its container may run. */
function recordsOf(context: EngineContext): (CniRecord & { readonly id: string })[] {
  return cniRecordIds(context).map((id) => {
    const record = readCniRecord(context, id);
    if (record === null) throw new Error(`the record of container ${id} cannot be read`);
    return { ...record, id };
  });
}
