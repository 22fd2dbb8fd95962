import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineContext, runFolderOf } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { connectedBy } from '../rules/connection.ts';
import type { RunResource } from './run-resource.ts';

/**
 * The program that connects the container's network. Its shim starts and ends it; what is left of it after the shim was lost, is ended
 * here. Its pid is in the run folder, where it is found again.
 */
export const connection: RunResource = {
  acquire(context, { container }) {
    const networkProgram = connectedBy(context, container.spec);
    if (networkProgram !== container.facts.networkProgram)
      context.ledger.change(container, { facts: { networkProgram } });
  },
  release: end,
};

async function end(context: EngineContext, { id }: Container): Promise<void> {
  const folder = runFolderOf(context, id);
  const file = join(folder, 'network.pid');
  // Nearly always there is none, and an exception costs as much as a transaction.
  const pid = existsSync(file) ? readPid(file) : null;
  if (pid !== null) await context.proc.endProgram(pid, join(folder, 'network'));
}

function readPid(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'latin1'));
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch {
    // It is gone.
    return null;
  }
}
