/** How long clients of an earlier daemon have once this one is known to serve: they try every half second. */
const othersBackMs = 1000;

/** The period in which clients of an earlier daemon may reconnect. While it is open, no output may run ahead of them. */
export class Grace {
  readonly #over: () => void;
  #until = 0;
  #clientCame = false;

  /** `over` is called when a period has ended. */
  constructor(over: () => void) {
    this.#over = over;
  }

  open(ms: number): void {
    this.#until = performance.now() + ms;
    setTimeout(this.#over, ms + 1).unref();
  }

  get isOpen(): boolean {
    return performance.now() < this.#until;
  }

  clientCame(): void {
    this.#clientCame = true;
    this.hasten();
  }

  /** Somebody waits for the end of the period, and was served already, as clients that try would have been. */
  hasten(): void {
    if (this.#until - performance.now() > othersBackMs) this.open(othersBackMs);
  }

  /** A client has attached since the process was started or adopted. */
  get hadClient(): boolean {
    return this.#clientCame;
  }

  /** There was such a period, and no client has come. */
  get wasInVain(): boolean {
    return this.#until > 0 && !this.#clientCame;
  }
}
