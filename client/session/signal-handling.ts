import { signalExitCode } from '../cli/exit-codes.ts';
import { notice } from '../output/notice.ts';
import { printError } from '../output/print.ts';
import { isTerminal } from '../output/streams.ts';
import { endingSignals, interruptingSignals } from './proxied-signals.ts';

/** As in Docker's client: a process that ignores signals must not make likerctl unkillable. */
const mostInterrupts = 3;

/** What signals act on. */
export interface SignalTarget {
  /** Forwards the signal to the process. Returns false while no session is connected. */
  send(signal: NodeJS.Signals): boolean;
  /** Ends likerctl. */
  giveUp(code: number): void;
}

/** Handles likerctl's signals during a session. */
export class SignalHandling {
  readonly #target: SignalTarget;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();
  readonly #early: NodeJS.Signals[] = [];
  #wasReady = false;
  #interrupts: number;

  /** `interrupts`: how many signals before asked likerctl to end. */
  constructor(target: SignalTarget, interrupts: number) {
    this.#target = target;
    this.#interrupts = interrupts;
  }

  /** Forwards the `proxied` signals. Other signals that end a program end likerctl. */
  start(proxied: readonly NodeJS.Signals[]): void {
    for (const signal of endingSignals) this.#listeners.set(signal, () => this.#end(signal));
    for (const signal of proxied) this.#listeners.set(signal, () => this.#proxy(signal));
    for (const [signal, listener] of this.#listeners) process.on(signal, listener);
  }

  /** The session is ready: forwards the signals that came before. */
  ready(): void {
    this.#wasReady = true;
    for (const signal of this.#early.splice(0)) this.#target.send(signal);
  }

  /** The terminal was closed. Acts as on SIGHUP, which may come later or never. */
  hungUp(): void {
    this.#listeners.get('SIGHUP')?.();
  }

  stop(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
  }

  #proxy(signal: NodeJS.Signals): void {
    if (interruptingSignals.includes(signal)) this.#countInterrupt(signal);
    if (this.#target.send(signal)) return;
    if (endingSignals.includes(signal)) this.#end(signal);
    else if (!this.#wasReady) this.#early.push(signal);
  }

  #countInterrupt(signal: NodeJS.Signals): void {
    this.#interrupts += 1;
    if (this.#interrupts < mostInterrupts) return;
    // Start a new line after the ^C that the terminal shows.
    if (isTerminal('stderr')) printError('');
    notice('got SIGINT or SIGTERM three times; giving up the session');
    this.#end(signal);
  }

  #end(signal: NodeJS.Signals): void {
    this.#target.giveUp(signalExitCode(signal));
  }
}
