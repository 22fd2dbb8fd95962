import { closeSync, openSync } from 'node:fs';
import { asError } from '../../../../common/errors.ts';
import { readResult } from '../../../kernel/cni/result.ts';
import type { EngineContext } from '../../context.ts';
import type { CniRecord, CniRun } from '../model/cni-run.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import { plannedAttachments, requireCni } from '../rules/cni.ts';
import { tellCniFailure } from './cni-failure.ts';
import { readCniRecord, removeCniRecord, writeCniRecord } from './cni-record.ts';
import type { RunResource } from './run-resource.ts';

/**
 * The container's places on networks of CNI, which plugins make once its network namespace is there. What they are told is stored before
 * they are called, since they must be told the same when they take it away. Comes after the ports.
 */
export const cni: RunResource = {
  async acquire(context, { container }) {
    const { spec, id } = container;
    if (spec.cni.length === 0) return;
    const kernel = requireCni(context);
    await releaseLeftCni(context, id);
    const networks = spec.cni.map(({ network }) => kernel.find(network));
    const record = {
      marker: kernel.newMarker(),
      name: container.name,
      failure: '',
      namespace: '',
      attachments: plannedAttachments(networks, container),
    };
    writeCniRecord(context, id, record);
    container.cni = { record, connections: [], namespace: null, isTakenOver: false, stop: null };
  },

  reattach(context, container) {
    if (container.spec.cni.length === 0) return;
    const run = found(context, container.id);
    const live = livePhase(container.phase);
    container.cni = run;
    if (run && live && context.processes.isAlive(live.main))
      run.namespace = openOf(`/proc/${live.main.pid}/ns/net`);
  },

  release,
};

/** Calls the plugins while the shim still holds the network namespace, if it is there: some of them find there what they must take away. */
async function release(context: EngineContext, container: Container): Promise<void> {
  const run = container.cni;
  if (run === null) return;
  await run.stop?.();
  await disconnectCni(context, container, run);
  if (run.namespace !== null) closeSync(run.namespace);
  container.cni = null;
}

/** What could not be taken away at the end of the last run, or is of a container without a record. */
export async function releaseLeftCni(context: EngineContext, id: string): Promise<void> {
  const run = found(context, id);
  if (run) await disconnectCni(context, { id, name: run.record.name || id, run: null }, run);
}

/** Takes away what the plugins have made. What they cannot is told, and tried again. */
export async function disconnectCni(
  context: EngineContext,
  { id, name, run: containerRun }: Pick<Container, 'id' | 'name' | 'run'>,
  run: CniRun,
): Promise<void> {
  const { cni: kernel } = context.network;
  if (kernel === null) return;
  const { record } = run;
  const own = run.namespace === null ? '' : `/proc/${process.pid}/fd/${run.namespace}`;
  const errors: unknown[] = [];
  if (record.namespace !== '') {
    if (run.isTakenOver) await kernel.endLeft(record.marker);
    run.isTakenOver = false;
    for (const attachment of record.attachments.toReversed())
      errors.push(
        ...(await kernel.remove({ ...attachment, containerId: id }, attachment.result, {
          marker: record.marker,
          namespace: isHeld(containerRun, record.namespace) ? record.namespace : own,
          signal: new AbortController().signal,
          cannot: `Cannot disconnect container '${name}' from the CNI network '${attachment.network.name}'`,
        })),
      );
  }
  if (errors.length === 0) removeCniRecord(context, id);
  else notDisconnected(context, id, run, errors);
}

function notDisconnected(context: EngineContext, id: string, run: CniRun, errors: readonly unknown[]): void {
  const failure = errors.map((error) => asError(error).message).join('; ');
  if (failure !== run.record.failure) {
    tellCniFailure(context, id, 'DEL', new Error(failure));
    run.record = { ...run.record, failure };
    keepFailure(context, id, run.record);
  }
  context.supervision.notDisconnected(id);
}

/** On a full disk the older one is there. */
function keepFailure(context: EngineContext, id: string, record: CniRecord): void {
  try {
    writeCniRecord(context, id, record);
  } catch (error) {
    context.log.warn('cannot store what plugins of CNI said', {
      container: id,
      error: asError(error).message,
    });
  }
}

/** Whether it is a path of the shim, which stays until it is released, unless it has reported a failure. */
function isHeld(run: Container['run'], path: string): boolean {
  const shim = run?.shim ?? run?.spawned?.shim;
  const hasFailed = run?.spawned != null && run.main?.startedAt === null;
  return shim !== undefined && !shim.isClosed && !hasFailed && path.startsWith(`/proc/${shim.pid}/`);
}

function found(context: EngineContext, id: string): CniRun | null {
  const record = readCniRecord(context, id);
  if (record === null) return null;
  const results = record.attachments.map(({ result, interfaceName }) => ({ result, interfaceName }));
  const isWhole = results.every(({ result }) => result !== null);
  return {
    record,
    connections: isWhole ? results.map((one) => readResult(one.result, one.interfaceName)) : [],
    namespace: null,
    isTakenOver: true,
    stop: null,
  };
}

/** Null: it is gone. */
export function openOf(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch {
    return null;
  }
}
