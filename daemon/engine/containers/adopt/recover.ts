import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asError } from '../../../../common/errors.ts';
import { isContainerId, shortId } from '../../../../common/ids.ts';
import { ownTurn } from '../../../loop/turns.ts';
import type { ContainerRow } from '../../../store/tables/container.ts';
import { type EngineContext, runFolderOf } from '../../context.ts';
import { Container } from '../model/container.ts';
import { readNetworkRecords, readRunRecords } from '../resources/run-record.ts';

/**
 * Takes the database's records into memory. Containers that run, or have ended since, and are in no record that can be read
 * are known again from their run folders. A row of which nothing can be made is set aside; the others are not held up.
 * False: a row was damaged, so there may be folders whose row is lost.
 */
export async function readRecords(context: EngineContext): Promise<boolean> {
  const unreadable = new Map<string, { readonly row: ContainerRow; readonly why: string }>();
  for (const row of context.ledger.rows()) {
    await ownTurn();
    try {
      context.registry.add(Container.fromRow(row));
    } catch (error) {
      unreadable.set(row.id, { row, why: asError(error).message });
    }
  }
  const runs = readdirSync(join(context.paths.run, 'c')).filter(isContainerId);
  // First, for their names: a row whose id is damaged has that of a container which is known again.
  for (const [id, problem] of unreadable) if (!runs.includes(id)) setAside(context, id, problem);
  for (const id of runs)
    if (!context.registry.byId(id)) recover(context, id, unreadable.get(id)?.why ?? 'it had no record');
  for (const [id, problem] of unreadable)
    if (runs.includes(id) && !context.registry.byId(id)) setAside(context, id, problem);
  return unreadable.size === 0;
}

function recover(context: EngineContext, id: string, why: string): void {
  try {
    const { container: row, execs } = readRunRecords(runFolderOf(context, id));
    const container = Container.fromRow(row);
    if (container.id !== id) throw new Error(`it belongs to container ${container.id}`);
    const isTaken = context.registry.byName(container.name) !== null;
    context.ledger.recover(
      container,
      isTaken ? `${container.name}-${shortId(id)}` : container.name,
      execs.filter((exec) => exec.containerId === id),
    );
    context.registry.add(container);
    const records = readNetworkRecords(runFolderOf(context, id));
    if (records) context.networks.recover(records);
    context.log.warn('container recovered from its run folder', {
      container: id,
      name: container.name,
      why,
    });
  } catch (error) {
    context.log.warn('a run folder belongs to no known container', {
      container: id,
      error: asError(error).message,
    });
  }
}

/** Moves a container's folders out of the way, where nothing removes them, and forgets its record. */
export function setAside(
  context: EngineContext,
  id: string,
  { why, row }: { readonly why: string; readonly row?: ContainerRow },
): void {
  const folder = context.folders.setAside(id, row ? JSON.stringify(row, null, 2) : null);
  context.log.error('container set aside', { container: id, why, folder });
  context.ledger.forget(id, { container: id, why, folder });
}

/** What was moved aside and is still there; the user removes it when it is of no more use. */
export function recoveryWarnings({ paths, folders }: EngineContext): string[] {
  const databases = readdirSync(paths.root).filter((name) => /^liker\.db\.corrupt-\d+$/.test(name));
  const aside = folders.asideFolders();
  return [
    ...databases.map(
      (name) =>
        `The database was damaged and was moved to '${join(paths.root, name)}'; remove it when you no longer need it`,
    ),
    ...aside.map(
      (folder) =>
        `The record of a container was lost and its files were moved to '${folder}'; remove it when you no longer need it`,
    ),
  ];
}
