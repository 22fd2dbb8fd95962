// vitest run vitest.spec.ts
import { Liker } from 'liker';
import postgres, { type Sql } from 'postgres';
import { test as base, expect, vi } from 'vitest';
import { Postgres } from './postgres.ts';

// The first test waits for the server.
vi.setConfig({ testTimeout: 60_000 });

interface Fixtures {
  /** One for all tests of the file. */
  readonly server: Postgres;
  /** A connection to an empty database. */
  readonly sql: Sql;
}

const test = base.extend<Fixtures>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern which fixtures this one needs.
    async ({}, use) => {
      // Its lease removes the container also when the tests are killed.
      await using liker = new Liker({ lease: true });
      await use(await Postgres.start(liker, process.env['POSTGRES_IMAGE']));
    },
    { scope: 'file' },
  ],
  sql: async ({ server }, use) => {
    const sql = postgres(await server.database());
    await use(sql);
    await sql.end();
  },
});

test('orders are added up', async ({ sql }) => {
  await sql`create table orders (customer text, cents integer)`;
  await sql`insert into orders values ('ann', 250), ('bob', 120), ('ann', 50)`;
  const [ann] = await sql`select sum(cents)::integer as cents from orders where customer = 'ann'`;
  expect(ann).toEqual({ cents: 300 });
});

test('each test begins with an empty database', async ({ sql }) => {
  const [found] = await sql`select to_regclass('orders') as orders`;
  expect(found).toEqual({ orders: null });
});
