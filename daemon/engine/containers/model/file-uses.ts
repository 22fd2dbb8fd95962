/** A container's files in use from outside: by `cp`, `export` or `commit`. */
export class FileUse implements Disposable {
  /** Aborts with the call, or with an error that says why the container's files are no longer there. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #helpers = new Set<Promise<unknown>>();
  readonly #over: (use: FileUse) => void;

  constructor(signal: AbortSignal, over: (use: FileUse) => void) {
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
    this.#over = over;
  }

  /** `helper` sees the files until it settles. The signal ends it. */
  add(helper: Promise<unknown>): void {
    this.#helpers.add(helper);
    const gone = (): void => {
      this.#helpers.delete(helper);
    };
    helper.then(gone, gone);
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Resolves when no helper is left. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#helpers);
  }

  [Symbol.dispose](): void {
    this.#over(this);
  }
}

/** Those of one container. */
export class FileUses {
  readonly #uses = new Set<FileUse>();

  begin(signal: AbortSignal): FileUse {
    const use = new FileUse(signal, (over) => this.#uses.delete(over));
    this.#uses.add(use);
    return use;
  }

  /** Ends all uses with this error. Resolves when no process sees the files any more, whether or not the clients have heard of it. */
  async end(reason: Error): Promise<void> {
    const uses = [...this.#uses];
    for (const use of uses) use.abort(reason);
    await Promise.all(uses.map((use) => use.settled()));
  }
}
