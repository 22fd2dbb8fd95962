// A real Postgres for tests, which node.spec.ts (node:test) and vitest.spec.ts (Vitest) use.
import { randomUUID } from 'node:crypto';
import type { Liker } from 'liker';
import postgres, { type Sql } from 'postgres';

const port = 5432;
const password = 'secret';

/** A server in a container of its own, which is removed at the end of the scope. */
export class Postgres implements AsyncDisposable {
  readonly #url: string;
  readonly #admin: Sql;
  readonly #undo: AsyncDisposableStack;

  private constructor(url: string, admin: Sql, undo: AsyncDisposableStack) {
    this.#url = url;
    this.#admin = admin;
    this.#undo = undo;
  }

  /** Resolves when it answers. */
  static async start(liker: Liker, image = 'postgres'): Promise<Postgres> {
    await using undo = new AsyncDisposableStack();
    const box = undo.use(
      await liker.containers.run({
        image,
        // Nothing of a test must outlive a power failure.
        cmd: ['postgres', '-c', 'fsync=off'],
        env: { POSTGRES_PASSWORD: password },
        network: 'bridge',
        ports: [port],
      }),
    );
    // By TCP: while the image makes its first database, it answers by a Unix socket only.
    const isReady = ['pg_isready', '--quiet', '--host=127.0.0.1', '--username=postgres'];
    await box.waitFor({ exec: isReady }, { timeoutMs: 60_000 });
    const address = await box.address(port);
    const url = `postgres://postgres:${password}@${address.host}:${address.port}`;
    const admin = postgres(`${url}/postgres`);
    undo.defer(() => admin.end());
    return new Postgres(url, admin, undo.move());
  }

  /** Makes an empty database, and resolves to its URL. */
  async database(): Promise<string> {
    const name = `test-${randomUUID()}`;
    await this.#admin`create database ${this.#admin(name)}`;
    return `${this.#url}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }
}
