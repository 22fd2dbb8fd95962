import { LikerError } from '../../../../common/errors.ts';
import { type CniConnection, readResult } from '../../../kernel/cni/result.ts';
import type { EngineContext } from '../../context.ts';
import { addressesOf, type CniAttachment, type CniRun } from '../model/cni-run.ts';
import type { Container } from '../model/container.ts';
import { containerHostname } from '../model/hostname.ts';
import type { Run } from '../model/run.ts';
import { appendedFiles } from '../plan/host-files.ts';
import { disconnectCni, openOf } from '../resources/cni.ts';
import { writeCniRecord } from '../resources/cni-record.ts';

/** The main process waits, in its network namespace: the plugins of CNI connect it, and it goes on. Throws what the start fails with. */
export async function connectCni(
  context: EngineContext,
  container: Container,
  run: Run,
  shimFd: number,
): Promise<void> {
  const { cni } = container;
  const { cni: kernel } = context.network;
  // The connection to the shim was lost meanwhile, and the shim asks again.
  if (cni?.stop) return;
  const shim = run.shim ?? run.spawned?.shim;
  if (!cni || !kernel || !shim) throw new LikerError('INTERNAL', noRecord(container.name));
  const stopping = new AbortController();
  const connected = connectAll(context, container, {
    cni,
    kernel,
    namespace: `/proc/${shim.pid}/fd/${shimFd}`,
    signal: stopping.signal,
  });
  cni.stop = async () => {
    stopping.abort();
    await connected.catch(() => {});
  };
  try {
    await connected;
  } catch (error) {
    // Whoever has stopped it knows why.
    if (!stopping.signal.aborted) throw error;
    return;
  } finally {
    cni.stop = null;
  }
  (run.shim ?? run.spawned?.shim)?.connected(
    appendedFiles(container.spec, containerHostname(container), cni.connections),
  );
}

function noRecord(name: string): string {
  return `Cannot start container '${name}': it waits for a network of CNI, of which there is no record`;
}

interface Connecting {
  readonly cni: CniRun;
  readonly kernel: NonNullable<EngineContext['network']['cni']>;
  /** Path of the namespace. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

async function connectAll(
  context: EngineContext,
  container: Container,
  { cni, kernel, namespace, signal }: Connecting,
): Promise<void> {
  // An earlier likerd had begun.
  if (cni.record.namespace !== '') await disconnectCni(context, container, cni);
  cni.namespace ??= openOf(namespace);
  const { marker, attachments } = cni.record;
  const cannotUse = (network: string): string =>
    `Cannot connect container '${container.name}' to the CNI network '${network}'`;
  const store = (made: readonly CniAttachment[]): void => {
    cni.record = { ...cni.record, failure: '', namespace, attachments: made };
    writeCniRecord(context, container.id, cni.record);
  };
  for (const { network } of attachments)
    await kernel.checkReady(network, { marker, namespace, signal, cannot: cannotUse(network.name) });
  const made = attachments.map((attachment): CniAttachment => ({ ...attachment, result: null }));
  store(made);
  const connections: CniConnection[] = [];
  for (const [index, attachment] of made.entries()) {
    const cannot = cannotUse(attachment.network.name);
    const call = { marker, namespace, signal, cannot };
    const result = await kernel.add({ ...attachment, containerId: container.id }, call);
    made[index] = { ...attachment, result };
    store(made);
    connections.push(connectionOf(container, attachment, { result, cannot, index }));
  }
  cni.connections = connections;
}

/** Throws NETWORK_UNAVAILABLE for a result that has no meaning, or not the addresses that were asked for. */
function connectionOf(
  { spec }: Container,
  { interfaceName }: CniAttachment,
  { result, cannot, index }: { readonly result: unknown; readonly cannot: string; readonly index: number },
): CniConnection {
  const refuse = (why: string): LikerError => new LikerError('NETWORK_UNAVAILABLE', `${cannot}: ${why}`);
  let connection: CniConnection;
  try {
    connection = readResult(result, interfaceName);
  } catch (error) {
    throw refuse(`its plugins have answered what has no meaning: ${(error as Error).message}`);
  }
  const { [index]: asked } = spec.cni;
  const given = connection.addresses.map(({ address }) => address);
  const missing = asked && addressesOf(asked).find((address) => !given.includes(address));
  if (missing !== undefined)
    throw refuse(`its plugins have given it ${given.join(', ') || 'no address'}, and not ${missing}`);
  if (asked?.macAddress && connection.mac !== '' && connection.mac.toLowerCase() !== asked.macAddress)
    throw refuse(`its plugins have given it the address ${connection.mac}, and not ${asked.macAddress}`);
  return connection;
}
