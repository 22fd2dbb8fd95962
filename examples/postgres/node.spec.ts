// node --test node.spec.ts
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Liker } from 'liker';
import postgres from 'postgres';
import { Postgres } from './postgres.ts';

// Its lease removes the container also when the tests are killed.
const liker = new Liker({ lease: true });
let server: Postgres;

before(async () => {
  server = await Postgres.start(liker, process.env['POSTGRES_IMAGE']);
});
after(() => server[Symbol.asyncDispose]());

/** A connection to an empty database. */
async function connect() {
  const sql = postgres(await server.database());
  return Object.assign(sql, { [Symbol.asyncDispose]: () => sql.end() });
}

test('orders are added up', async () => {
  await using sql = await connect();
  await sql`create table orders (customer text, cents integer)`;
  await sql`insert into orders values ('ann', 250), ('bob', 120), ('ann', 50)`;
  const sums = await sql`select customer, sum(cents)::integer as cents from orders group by 1 order by 1`;
  assert.deepEqual(
    sums.map(({ customer, cents }) => [customer, cents]),
    [
      ['ann', 300],
      ['bob', 120],
    ],
  );
});

test('each test begins with an empty database', async () => {
  await using sql = await connect();
  const [found] = await sql`select to_regclass('orders') as orders`;
  assert.equal(found?.['orders'], null);
});
