import { signalExitCode } from '../cli/exit-codes.ts';
import { notice } from '../output/notice.ts';
import { printError } from '../output/print.ts';
import { endingSignals, interruptingSignals } from './proxied-signals.ts';

/** As in Docker's client: a process that takes no notice of signals, or cannot, must not make likerctl unkillable. */
const mostInterrupts = 3;

/** What a signal leads to. */
export interface SignalTarget {
  /** Passes it to the process; false when there is no session now. */
  send(signal: NodeJS.Signals): boolean;
  /** Ends the program. */
  giveUp(code: number): void;
}

/** The program's reaction to signals while a session lasts. */
export class SignalHandling {
  readonly #target: SignalTarget;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();
  readonly #early: NodeJS.Signals[] = [];
  #wasReady = false;
  #interrupts = 0;

  constructor(target: SignalTarget) {
    this.#target = target;
  }

  /** `proxied` are passed on; of the others, those that end a program end this one. */
  start(proxied: readonly NodeJS.Signals[]): void {
    for (const signal of endingSignals) this.#listeners.set(signal, () => this.#end(signal));
    for (const signal of proxied) this.#listeners.set(signal, () => this.#proxy(signal));
    for (const [signal, listener] of this.#listeners) process.on(signal, listener);
  }

  /** A session is there: passes on what came before. */
  ready(): void {
    this.#wasReady = true;
    for (const signal of this.#early.splice(0)) this.#target.send(signal);
  }

  /** The terminal was closed: as SIGHUP, which need not have come yet, or at all. */
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
    // After the ^C that the terminal shows.
    if (process.stderr.isTTY) printError('');
    notice('got SIGINT or SIGTERM three times; the session is given up');
    this.#end(signal);
  }

  #end(signal: NodeJS.Signals): void {
    this.#target.giveUp(signalExitCode(signal));
  }
}
