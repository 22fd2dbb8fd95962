import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { asError } from '../../../../common/errors.ts';
import { check, fields, type Of, read } from '../../../../common/schema.ts';
import { type ContainerRow, containerRowSchema } from '../../../store/tables/container.ts';
import { endpointRowSchema } from '../../../store/tables/endpoint.ts';
import { type ExecRow, execRowSchema } from '../../../store/tables/exec.ts';
import { networkRowSchema } from '../../../store/tables/network.ts';
import { type EngineContext, runFolderOf } from '../../context.ts';
import { toNetworkRow } from '../../networks/model/network.ts';
import { onDisconnectSchema, processSchema } from '../../process/spec.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
import type { Container } from '../model/container.ts';

const file = 'container.json';
const networksFile = 'networks.json';
const execFile = (number: number): string => `exec.${number}.json`;

/**
 * A copy of what the database holds of a container that runs, in its run folder: from it the container is known again when
 * the database is lost. It is not worth more than that: a failure to write it is logged, and the container goes on.
 */
export function writeRunRecord(context: EngineContext, container: Container): void {
  write(context, container, file, container.toRow());
  const { networks } = context;
  const endpoints = networks.endpointsOf(container.id);
  if (endpoints.length > 0) {
    const rows = endpoints.map(({ networkId }) => toNetworkRow(networks.get(networkId)));
    write(context, container, networksFile, { networks: rows, endpoints } satisfies NetworkRecords);
  } else if (container.spec.networks.length > 0) {
    rmSync(join(runFolderOf(context, container.id), networksFile), { force: true });
  }
}

const networkRecords = fields({ networks: v.array(networkRowSchema), endpoints: v.array(endpointRowSchema) });
/** The networks that a container is on, and its places there. */
export interface NetworkRecords extends Of<typeof networkRecords> {}

/** Those that are copied in a run folder; null: none that can be read. */
export function readNetworkRecords(folder: string): NetworkRecords | null {
  try {
    return read(networkRecords, readFileSync(join(folder, networksFile), 'utf8'), networksFile);
  } catch {
    return null;
  }
}

/** The row of an exec that has not ended. */
export function execRow({ identity, onDisconnect }: ContainerProcess): ExecRow {
  const { containerId, processId: id, number, spec } = identity;
  return { id, containerId, number, spec: JSON.stringify(spec), onDisconnect, exit: null };
}

/** What such a row says. Throws an Error that names the field that is not as likerd writes it. */
export function execOf({ id, number, spec, onDisconnect }: ExecRow) {
  return {
    processId: id,
    number,
    spec: read(processSchema, spec, `the spec of exec ${id}`),
    onDisconnect: check(onDisconnectSchema, onDisconnect, `on_disconnect of exec ${id}`),
  };
}

export function writeExecRecord(context: EngineContext, container: Container, row: ExecRow): void {
  write(context, container, execFile(row.number), row);
}

export function removeExecRecord(context: EngineContext, container: Container, number: number): void {
  rmSync(join(runFolderOf(context, container.id), execFile(number)), { force: true });
}

function write(context: EngineContext, container: Container, name: string, row: object): void {
  const folder = runFolderOf(context, container.id);
  const path = join(folder, name);
  // One name for all: what a daemon that was killed has left is overwritten by the next record.
  const begun = join(folder, 'record.new');
  try {
    writeFileSync(begun, JSON.stringify(row), { mode: 0o600 });
    renameSync(begun, path);
  } catch (error) {
    context.log.warn('cannot write the copy of a record', { path, error: asError(error).message });
    rmSync(begun, { force: true });
  }
}

/** The copy of an exec's row; null when there is no readable one. */
export function readExecRecord(context: EngineContext, container: Container, number: number): ExecRow | null {
  const row = readExec(join(runFolderOf(context, container.id), execFile(number)));
  return row?.containerId === container.id && row.number === number ? row : null;
}

/** The rows that are copied in a run folder. Throws when there is none of the container that can be read. */
export function readRunRecords(folder: string): {
  readonly container: ContainerRow;
  readonly execs: readonly ExecRow[];
} {
  const execs = readdirSync(folder).filter((name) => /^exec\.\d+\.json$/.test(name));
  return {
    container: read(containerRowSchema, readFileSync(join(folder, file), 'utf8'), file),
    execs: execs.map((name) => readExec(join(folder, name))).filter((row) => row !== null),
  };
}

function readExec(path: string): ExecRow | null {
  try {
    return read(execRowSchema, readFileSync(path, 'utf8'), path);
  } catch {
    return null;
  }
}
