// Starts likerd in the background if none answers on its socket, and ends once it serves.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { openSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { isListening } from '../client/connection/absence.ts';
import { serviceStart } from '../client/connection/start-command.ts';
import { asError } from '../common/errors.ts';
import { makeFolder } from '../common/folders.ts';
import { type Places, places } from './places.ts';
import { endDaemon, strangerAt } from './running-daemon.ts';

const readyFd = 3;
const patienceMs = 20_000;

/** In a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it. */
function spawnDaemon(log: string): ChildProcess {
  makeFolder(dirname(log), 0o711);
  const output = openSync(log, 'a', 0o600);
  // The caller's journal and service manager are not the daemon's.
  const { JOURNAL_STREAM: _journal, NOTIFY_SOCKET: _notify, ...env } = process.env;
  return spawn(join(import.meta.dirname, '../bin/likerd'), ['--ready-fd', String(readyFd)], {
    cwd: '/',
    env,
    detached: true,
    stdio: ['ignore', output, output, 'pipe'],
  });
}

/** Resolves when likerd writes the byte that says it serves. */
async function untilReady(child: ChildProcess): Promise<void> {
  const ready = child.stdio[readyFd] as Readable;
  const patience = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => patience.reject(new Error(`it is not ready after ${patienceMs / 1000} s`)),
    patienceMs,
  );
  const served = new Promise<void>((resolve, reject) => {
    ready.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`it ended with ${signal ?? `status ${code}`}`)));
  });
  try {
    await Promise.race([served, patience.promise]);
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    clearTimeout(timer);
    ready.destroy();
    child.unref();
  }
}

/** The text that likerd has logged since the log had `before` bytes. */
function logSince(log: string, before: number): string {
  const text = readFileSync(log).subarray(before).toString().trimEnd();
  return text === '' ? ' with nothing in its log' : `; its log, ${log}, says:\n${text}`;
}

/** Reports a daemon of another checkout, and ends it if it is to be replaced. False if it stays. */
async function makesWay(there: Places): Promise<boolean> {
  const stranger = strangerAt(there);
  if (stranger === null) return false;
  const { text, pid, obstacle } = stranger;
  if (!process.env['LIKER_REPLACE']) {
    const how = obstacle ?? 'LIKER_REPLACE=1 puts one of this checkout in its place, and containers go on';
    console.error(`liker: ${text}; ${how}`);
    return false;
  }
  if (obstacle !== null) throw new Error(`${text}, and cannot be replaced: ${obstacle}`);
  console.error(`liker: ${text}; replacing it`);
  await endDaemon(pid);
  return true;
}

async function ensureDaemon(there: Places): Promise<void> {
  const { socket, log, isOwn } = there;
  if ((await isListening(socket)) && !(await makesWay(there))) return;
  const service = isOwn ? serviceStart() : undefined;
  if (service !== undefined) {
    const [file = '', ...args] = service;
    execFileSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    return;
  }
  const notice = setTimeout(() => console.error(`liker: starting likerd; its log is ${log}`), 1000);
  const before = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  try {
    await untilReady(spawnDaemon(log));
  } catch (thrown) {
    throw new Error(`${asError(thrown).message}${logSince(log, before)}`);
  } finally {
    clearTimeout(notice);
  }
  if (!(await isListening(socket))) throw new Error(`it serves, but not at ${socket}`);
}

try {
  await ensureDaemon(places(process.env));
} catch (thrown) {
  console.error(`liker: Cannot start likerd: ${asError(thrown).message}`);
  process.exitCode = 125;
}
