import { LikerError } from '../../../common/errors.ts';

/** The receiver of a session's stdin. */
export interface StdinTarget {
  /** The shim itself refuses stdin that leaves a gap, so a resumed session whose offset is not known may try. */
  readonly seesGaps: boolean;
  /** Returns false when it has no room: the session must flush again once the process has taken some. */
  stdin(sessionId: string, offset: number, data: Buffer): boolean;
  closeStdin(sessionId: string): void;
}

/** The stdin of one session on its way to the process. Offsets count bytes of the session's input. */
export class SessionStdin {
  readonly #sessionId: string;
  readonly #target: StdinTarget;
  readonly #chunks: { readonly offset: number; readonly data: Buffer }[] = [];
  /** Offset of the next chunk; null: any, since the process takes no more. */
  #next: number | null = 0;
  /** The client resumes a session, and may repeat what it does not know to have arrived. */
  #resumes: boolean;
  /** False in a resumed session until the offset of its stdin is known. */
  #isOpen: boolean;
  #end: 'open' | 'closing' | 'closed' = 'open';
  #resumed: (() => void) | null = null;

  constructor(sessionId: string, target: StdinTarget, { resumes }: { readonly resumes: boolean }) {
    this.#sessionId = sessionId;
    this.#target = target;
    this.#resumes = resumes;
    this.#isOpen = !resumes;
  }

  /** `offset`: how far the process has taken the stdin of the session that is resumed. */
  open(offset: number): void {
    if (this.#resumes && this.#next !== null) this.#next = offset;
    this.#isOpen = true;
  }

  /** The process had closed its stdin before the session was opened. */
  processTakesNoMore(): void {
    this.#next = null;
  }

  /** `offset` 0: right after the previous chunk. */
  push(offset: number, data: Buffer): void {
    this.#chunks.push({ offset, data });
  }

  close(): void {
    if (this.#end === 'open') this.#end = 'closing';
  }

  get waits(): boolean {
    return this.#chunks.length > 0;
  }

  /** Calls `resumed` once everything has been handed over. */
  whenTaken(resumed: () => void): void {
    this.#resumed = resumed;
  }

  /** Hands over as much as the process has room for. Returns an error if the offset of the next chunk is wrong. */
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

  /** The offset at which a chunk goes, or the error if it cannot go there. */
  #place(offset: number): number | LikerError {
    const next = this.#next;
    if (next === null || offset === next) return offset;
    if (offset === 0) return next;
    // A shim forgets the offsets of old sessions after many clients.
    const mayGoOn = this.#resumes && (offset < next || (next === 0 && this.#target.seesGaps));
    return mayGoOn ? offset : wrongOffset(next, `this chunk begins at ${offset}`);
  }
}

export function wrongOffset(expected: number, why: string): LikerError {
  const field = 'input.stdin.offset';
  return new LikerError(
    'BAD_ARGUMENT',
    `Invalid ${field}: the stdin of this session continues at ${expected}, and ${why}; leave the offset unset to append to what was sent before`,
    { field, metadata: { field, expected: String(expected) } },
  );
}
