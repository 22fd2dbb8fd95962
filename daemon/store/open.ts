import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LikerError } from '../../common/errors.ts';
import { remedyOf } from '../../common/exhausted.ts';
import type { Log } from '../host/log.ts';
import { isLocked, probe, StoreError } from './errors.ts';
import { Store } from './store.ts';

type OnLoss = (error: Error) => void;

export interface OpenedStore {
  readonly store: Store;
  /** The database was damaged or is gone, so that containers and images have folders but no records. */
  readonly recordsLost: boolean;
  /** Call it once everything that can be recovered is stored. Until then every start considers the records lost. */
  readonly recovered: () => void;
}

/**
 * Opens the database, which only one daemon can hold. A damaged one is moved aside, and a new one is created.
 * Errors: ALREADY_RUNNING, TOO_MANY, STORE_FAILED.
 */
export function openStore(root: string, log: Log): OpenedStore {
  checkWritable(root);
  const file = join(root, 'liker.db');
  const mark = `${file}.lost`;
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new LikerError('STORE_FAILED', `Cannot open the database '${file}': it is a folder; move it away`);
  }
  // Before the new database is created: if this daemon dies in between, the next one must still know.
  if (isMissing(file) && hasRecorded(root)) writeFileSync(mark, '');
  const what = "the disk failed to store the database; look at the kernel's log (dmesg), then restart likerd";
  const onLoss = (error: Error) => log.error(what, { file, error });
  const store = begin(root, file, onLoss) ?? beginAnew(file, mark, log, onLoss);
  writeIfRoom(pidFile(root), `${process.pid}\n`, log);
  return { store, recordsLost: existsSync(mark), recovered: () => rmSync(mark, { force: true }) };
}

/** Writes a file that likerd can do without for a while. */
export function writeIfRoom(path: string, text: string, log: Log): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    log.warn('cannot write a file', { path, error: (error as Error).message });
  }
}

function pidFile(root: string): string {
  return join(root, 'likerd.pid');
}

/** A full disk does not stop likerd: it still has to look after the running containers. */
function checkWritable(root: string): void {
  const errno = probe(root);
  if (errno === '' || ['ENOSPC', 'EDQUOT'].includes(errno)) return;
  const why = remedyOf(errno) ?? 'it cannot be written to';
  throw new LikerError('STORE_FAILED', `Cannot use '${root}': ${errno}: ${why}`, {
    metadata: { root, errno },
  });
}

function isMissing(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0;
}

/** Whether there is something that a database knew: containers, or layers of images. */
function hasRecorded(root: string): boolean {
  return ['containers', 'layers'].some((name) => {
    const folder = join(root, name);
    return existsSync(folder) && readdirSync(folder).length > 0;
  });
}

/** Null when it is damaged. */
function begin(root: string, file: string, onLoss: OnLoss): Store | null {
  try {
    return new Store(file, { onLoss });
  } catch (error) {
    if (isLocked(error)) throw isHeld(root, file);
    if (error instanceof StoreError && error.problem === 'damaged') return null;
    throw error;
  }
}

function beginAnew(file: string, mark: string, log: Log, onLoss: OnLoss): Store {
  const moved = `${file}.corrupt-${Math.floor(Date.now() / 1000)}`;
  writeFileSync(mark, '');
  for (const part of ['', '-wal', '-journal'])
    if (existsSync(file + part)) renameSync(file + part, moved + part);
  log.error('the database was damaged and is moved aside; running containers are recovered', { file, moved });
  const store = new Store(file, { onLoss });
  const subject = { subjectType: 'daemon', subjectId: '', subjectName: '' };
  const event = { ...subject, time: Date.now(), action: 'database_damaged' };
  const attributes = JSON.stringify({ moved });
  store.database.transaction(() => void store.events.add({ ...event, attributes }));
  return store;
}

function isHeld(root: string, file: string): LikerError {
  const pid = lockHolder(file);
  const who = pid === null ? 'another process' : `process ${pid}`;
  return new LikerError(
    'ALREADY_RUNNING',
    `Cannot use '${root}': ${who} holds its database '${file}'; stop that one, or give another --root`,
    { metadata: { pid: String(pid ?? ''), root } },
  );
}

/** The process that holds a lock on the file (proc_locks(5)); null when the kernel does not say. */
function lockHolder(file: string): number | null {
  const { ino } = statSync(file);
  const held = new RegExp(`^\\d+: +\\S+ +\\S+ +\\S+ +(\\d+) [0-9a-f]+:[0-9a-f]+:${ino} `, 'm');
  const pid = held.exec(readFileSync('/proc/locks', 'utf8'))?.[1];
  return pid === undefined ? null : Number(pid);
}
