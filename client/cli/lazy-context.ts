import { socketPath } from '../connection/address.ts';
import type { Connection } from '../connection/connection.ts';
import type { Context } from './command.ts';
import type { FlagValues } from './flag.ts';

/** Connects on first use and disconnects when it is disposed of. */
export class LazyContext implements Context, AsyncDisposable {
  readonly #host: string;
  readonly #flags: FlagValues;
  #connection: Connection | undefined;

  constructor(host: string, flags: FlagValues) {
    this.#host = host;
    this.#flags = flags;
  }

  async connect(): Promise<Connection> {
    const path = socketPath(this.#host);
    const { Connection } = await import('../connection/connection.ts');
    const { wireFrom } = await import('../connection/wires.ts');
    const openWire = await wireFrom(process.env);
    this.#connection ??= new Connection(path, openWire, { given: (flag) => this.#flags.list(flag) });
    return this.#connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection?.close();
  }
}
