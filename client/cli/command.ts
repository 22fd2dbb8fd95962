import type { Connection } from '../connection/connection.ts';
import type { Flag, FlagValues } from './flag.ts';

/** The input of a command. */
export interface Invocation {
  readonly flags: FlagValues;
  readonly operands: readonly string[];
  readonly context: Context;
}

/** What a command needs from its environment. */
export interface Context {
  /** The connection to the daemon: one for the whole process, opened on first use. */
  connect(): Promise<Connection>;
}

/** One command: its command line and its action. */
export interface Command {
  /** Full name, such as `container prune`. */
  readonly name: string;
  /** The operands, as the help shows them. */
  readonly usage: string;
  readonly summary: string;
  /** A complete command line. */
  readonly example: string;
  readonly flags: readonly Flag[];
  /** The least and the greatest number of operands. */
  readonly operands: readonly [number, number];
  /** Flags end at the first operand: the rest is for the container. */
  readonly stopsAtOperand?: boolean;
  /** The exit code if the engine fails. */
  readonly failureCode?: number;
  /** Runs the command. Resolves to the exit code. */
  run(invocation: Invocation): Promise<number>;
}

/** A command that is loaded only when it is used, so that `ps` does not load `run`. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** It makes unary calls, prints a text and ends: it may run on Bun, which starts in a third of the time (docs/adr/0058). */
  readonly isShort?: boolean;
  readonly load: () => Promise<Command>;
}
