import type { Connection } from '../connection/connection.ts';
import type { Flag, FlagValues } from './flag.ts';

/** What a command is given. */
export interface Invocation {
  readonly flags: FlagValues;
  readonly operands: readonly string[];
  readonly context: Context;
}

/** The surroundings of a command. */
export interface Context {
  /** One connection for the whole run of the program; made on first use. */
  connect(): Promise<Connection>;
}

/** One command: what its command line looks like, and what it does. */
export interface Command {
  /** Full name, such as `container prune`. */
  readonly name: string;
  /** Operands as the help shows them. */
  readonly usage: string;
  readonly summary: string;
  /** One command line that works as it is. */
  readonly example: string;
  readonly flags: readonly Flag[];
  /** Least and greatest number of operands. */
  readonly operands: readonly [number, number];
  /** Flags end at the first operand: the rest belongs to the container. */
  readonly stopsAtOperand?: boolean;
  /** Exit code when the engine fails. */
  readonly failureCode?: number;
  /** Carries it out. Resolves to the exit code. */
  run(invocation: Invocation): Promise<number>;
}

/** A command that is loaded only when it is used: `ps` need not know how `run` works. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}
