import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { asError } from '../../../../common/errors.ts';
import { isContainerId } from '../../../../common/ids.ts';
import { read } from '../../../../common/schema.ts';
import type { EngineContext } from '../../context.ts';
import { type CniRecord, cniRecordSchema } from '../model/cni-run.ts';

const extension = '.json';

/** It outlives the machine's next start, and the container: so do addresses that plugins have given, and their rules perhaps. */
function folderOf({ paths }: EngineContext): string {
  return join(paths.root, 'cni');
}

function pathOf(context: EngineContext, id: string): string {
  return join(folderOf(context), `${id}${extension}`);
}

/** Containers that have a record. */
export function cniRecordIds(context: EngineContext): string[] {
  try {
    return readdirSync(folderOf(context))
      .map((name) => basename(name, extension))
      .filter(isContainerId);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Throws the system's error: without it nothing could be taken away again. */
export function writeCniRecord(context: EngineContext, id: string, record: CniRecord): void {
  const path = pathOf(context, id);
  const begun = `${path}.new`;
  mkdirSync(folderOf(context), { recursive: true, mode: 0o700 });
  const fd = openSync(begun, 'w', 0o600);
  try {
    writeSync(fd, JSON.stringify(record));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(begun, path);
}

/** Null: there is none that can be read. */
export function readCniRecord(context: EngineContext, id: string): CniRecord | null {
  const path = pathOf(context, id);
  try {
    return read(cniRecordSchema, readFileSync(path, 'utf8'), basename(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      context.log.error('what plugins of CNI were told cannot be read', {
        path,
        error: asError(error).message,
      });
    return null;
  }
}

export function removeCniRecord(context: EngineContext, id: string): void {
  rmSync(pathOf(context, id), { force: true });
}
