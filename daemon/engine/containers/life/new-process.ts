import type { Shim } from '../../../kernel/process/shim.ts';
import type { EngineContext } from '../../context.ts';
import { ContainerProcess, type ProcessIdentity } from '../../sessions/process.ts';
import type { Container } from '../model/container.ts';
import { execRow, writeExecRecord } from '../resources/run-record.ts';

/** A process of the container. What its clients do is stored, and supervised. */
export function newProcess(
  context: EngineContext,
  container: Container,
  {
    shim,
    ...values
  }: Omit<ProcessIdentity, 'containerId' | 'containerName'> & { readonly shim: Shim | null },
): ContainerProcess {
  const identity = { containerId: container.id, containerName: () => container.name, ...values };
  return new ContainerProcess(identity, shim, {
    offerSocket: (uid) => context.fileSockets.offer(uid),
    isFollowed: ({ identity: { number } }) => number === 0 && container.logReaders.size > 0,
    clientLost: (process) => context.supervision.clientLost(container, process),
    attached: (process) => {
      container.changed.notify();
      const lost = process.identity.number === 0 && container.facts.clientLost;
      const event = { action: 'attach', attributes: { process: process.identity.processId } };
      if (lost) context.ledger.change(container, { facts: { clientLost: false } }, event);
      else context.ledger.event(container, event);
    },
    detached: (process, { initiator }) => {
      const { number, processId } = process.identity;
      const event = { action: 'detach', attributes: { process: processId } };
      // A client that has detached is not waited for after a restart of the daemon.
      if (initiator && number !== 0) {
        context.ledger.execs.keep(processId);
        writeExecRecord(context, container, execRow(process));
      }
      const facts = initiator && number === 0 ? { attended: false } : {};
      context.ledger.change(container, { facts }, event);
    },
  });
}
