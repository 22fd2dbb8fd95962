import { LikerError } from '../../../common/errors.ts';

/** What takes the stdin of a session. */
export interface StdinTarget {
  /** The shim can tell a client of an earlier daemon, whose stdin it does not remember, from one that leaves a gap. */
  readonly seesGaps: boolean;
  /** False: it must give the process what it has first; then the session flushes again. */
  stdin(sessionId: string, offset: number, data: Buffer): boolean;
  closeStdin(sessionId: string): void;
}

/** The stdin of one session on its way to the process. Offsets are in bytes of the session's input. */
export class SessionStdin {
  readonly #sessionId: string;
  readonly #target: StdinTarget;
  readonly #chunks: { readonly offset: number; readonly data: Buffer }[] = [];
  /** Where the next chunk begins; null: the process takes no more, and it does not matter. */
  #next: number | null = 0;
  /** The client was attached before, and may send again what it does not know to have arrived. */
  #resumes: boolean;
  /** Where the stdin of a resumed session stands is known once the session is open. */
  #isOpen: boolean;
  #end: 'open' | 'closing' | 'closed' = 'open';
  #resumed: (() => void) | null = null;

  constructor(sessionId: string, target: StdinTarget, { resumes }: { readonly resumes: boolean }) {
    this.#sessionId = sessionId;
    this.#target = target;
    this.#resumes = resumes;
    this.#isOpen = !resumes;
  }

  /** `offset`: how far the process has taken what this session sent before it was resumed. */
  open(offset: number): void {
    if (this.#resumes && this.#next !== null) this.#next = offset;
    this.#isOpen = true;
  }

  /** The process had closed its stdin before the session was opened. */
  processTakesNoMore(): void {
    this.#next = null;
  }

  /** `offset` 0: behind what came before. */
  push(offset: number, data: Buffer): void {
    this.#chunks.push({ offset, data });
  }

  close(): void {
    if (this.#end === 'open') this.#end = 'closing';
  }

  get waits(): boolean {
    return this.#chunks.length > 0;
  }

  /** `resumed` is called once nothing waits any more. */
  whenTaken(resumed: () => void): void {
    this.#resumed = resumed;
  }

  /** Hands over what the process has room for. Answers why the next chunk cannot go where it says, if it cannot. */
  flush(): LikerError | null {
    if (!this.#isOpen) return null;
    for (let chunk = this.#chunks[0]; chunk; chunk = this.#chunks[0]) {
      const at = this.#place(chunk.offset);
      if (at instanceof LikerError) return at;
      if (!this.#target.stdin(this.#sessionId, at, chunk.data)) return null;
      this.#chunks.shift();
      this.#resumes = false;
      if (this.#next !== null) this.#next = at + chunk.data.length;
    }
    if (this.#end === 'closing') {
      this.#end = 'closed';
      this.#target.closeStdin(this.#sessionId);
    }
    const resumed = this.#resumed;
    this.#resumed = null;
    resumed?.();
    return null;
  }

  drop(): void {
    this.#chunks.length = 0;
    this.#resumed = null;
  }

  /** Where a chunk goes, or why it cannot go there. */
  #place(offset: number): number | LikerError {
    const next = this.#next;
    if (next === null || offset === next) return offset;
    if (offset === 0) return next;
    // A shim that has had many clients does not remember what each has sent.
    const mayGoOn = this.#resumes && (offset < next || (next === 0 && this.#target.seesGaps));
    return mayGoOn ? offset : wrongOffset(next, `this chunk begins at ${offset}`);
  }
}

export function wrongOffset(expected: number, why: string): LikerError {
  const field = 'input.stdin.offset';
  return new LikerError(
    'BAD_ARGUMENT',
    `Invalid ${field}: the stdin of this session goes on at ${expected}, and ${why}; leave the offset unset to append to what was sent before`,
    { field, metadata: { field, expected: String(expected) } },
  );
}
