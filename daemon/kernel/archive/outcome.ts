import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { asError, LikerError, type Reason } from '../../../common/errors.ts';
import type { Failure, Progress, Report } from './report.ts';

/** How a program that packs or unpacks is watched. */
export interface Watch {
  /** At most ten times a second. */
  readonly onProgress?: (progress: Progress) => void;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

interface Work<Outcome> {
  readonly step: 'pack' | 'unpack';
  /** As the subject of a sentence. */
  readonly what: string;
  readonly report: Readable;
  readonly parse: (line: string) => Report<Outcome>;
  /** Of an archive that is not as it should be. */
  readonly damaged: Reason;
}

/** What the program's report tells in the end. Rejects once the process has ended, and has let go of its descriptors. */
export async function outcomeOf<Outcome>(
  child: ChildProcess,
  { step, what, report, parse, damaged }: Work<Outcome>,
  { onProgress, signal }: Watch,
): Promise<Outcome> {
  let problem: Error | undefined;
  let outcome: Outcome | undefined;
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4096);
  });
  createInterface(report).on('line', (line) => {
    try {
      const said = parse(line);
      if (said.kind === 'progress') onProgress?.(said.progress);
      else if (said.kind === 'failed') problem ??= asLikerError(said.failure, step, damaged);
      else outcome = said.outcome;
    } catch (error) {
      problem ??= asError(error);
    }
  });
  child.on('error', (error) => {
    problem ??= error;
  });
  const { status, killer } = await ended(child);
  if (signal?.aborted) throw new LikerError('CANCELLED', `${what} was cancelled`);
  if (problem) throw problem;
  if (outcome && status === 0) return outcome;
  const how = killer ? `was ended by ${killer}` : `ended with status ${status}`;
  throw new LikerError('INTERNAL', `liker-${step} ${how} without a result${words && `: ${words.trim()}`}`);
}

/** An error before the start is followed by this event too. It comes when all that the program wrote has been read or destroyed. */
function ended(child: ChildProcess): Promise<{ status: number | null; killer: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    child.on('close', (status, killer) => resolve({ status, killer }));
  });
}

function asLikerError(
  { error, path, errno, message }: Failure,
  step: Work<unknown>['step'],
  damaged: Reason,
): LikerError {
  const metadata = { path, ...(errno && { errno }) };
  if (error === 'WRITE_FAILED')
    return new LikerError('SYSCALL', message, {
      metadata,
      syscall: { step, syscall: '', errno, object: path },
    });
  const remedies: Readonly<Partial<Record<typeof error, string>>> = {
    NO_SPACE: "; free some on the file system of likerd's --root, and try again",
    NOT_MAPPED: '; give the user of likerd more in /etc/subuid and /etc/subgid, and start likerd anew',
  };
  const reasons: Readonly<Record<typeof error, Reason>> = {
    BAD_ARCHIVE: damaged,
    NO_SPACE: 'TOO_MANY',
    TOO_BIG: 'TOO_MANY',
    UNSUPPORTED: 'UNPACK_UNAVAILABLE',
    NOT_MAPPED: 'UNPACK_UNAVAILABLE',
  };
  return new LikerError(reasons[error], message + (remedies[error] ?? ''), { metadata });
}
