import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { asError } from '../../../../common/errors.ts';
import { read } from '../../../../common/schema.ts';
import type { EngineContext } from '../../context.ts';
import { type CniRecord, cniRecordSchema } from '../model/cni-run.ts';

const file = 'cni.json';

/** In the container's folder, which outlives the machine's next start: so do addresses that plugins have given, and their rules perhaps. */
function pathOf({ folders }: EngineContext, id: string): string {
  return join(folders.of(id).base, file);
}

/** Throws the system's error: without it nothing could be taken away again. */
export function writeCniRecord(context: EngineContext, id: string, record: CniRecord): void {
  const path = pathOf(context, id);
  const begun = `${path}.new`;
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
    return read(cniRecordSchema, readFileSync(path, 'utf8'), file);
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
