// An archive has no second half: if likerd ends in its middle, the command fails, and what the next likerd would send is not added.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../test/harness/until.ts';
import { FakeServer } from '../test/fake-server.ts';
import { PipedLikerctl } from '../test/likerctl.ts';

/** Each stream sends some data; likerd is killed once a client has it, and the next one sends all. */
async function killedInTheMiddle(
  server: FakeServer,
  args: readonly string[],
  got: (run: PipedLikerctl) => Promise<unknown>,
) {
  const half = Promise.withResolvers<void>();
  const asked: string[] = [];
  const stream = (end: Promise<void>) =>
    async function* (): AsyncGenerator<object> {
      asked.push('once more');
      yield { data: Buffer.from('half'), changes: [{ kind: 'FILE_CHANGE_KIND_ADDED', path: '/half' }] };
      half.resolve();
      await end;
    };
  const streams = (end: Promise<void>) => ({
    unary: { GetFile: () => ({ file: { mode: 0o100644 } }) },
    streams: Object.fromEntries(
      ['ExportFiles', 'ReadFiles', 'SaveImages', 'ListChanges'].map((name) => [name, stream(end)]),
    ),
  });
  await server.listen(streams(new Promise(() => {})));
  const run = new PipedLikerctl(server.socketPath, args);
  run.child.stdin.end();
  await half.promise;
  await got(run);
  server.kill();
  await server.listen(streams(Promise.resolve()));
  return { ...(await run.outcome()), asked: asked.length };
}

for (const [verb, ...args] of [
  ['export', 'web'],
  ['cp', 'web:/x', '-'],
  ['save', 'debian'],
  ['diff', 'web'],
] as const)
  test(`${verb} to stdout`, { timeout: 60_000 }, async () => {
    await using server = new FakeServer();
    const { code, stdout, stderr, asked } = await killedInTheMiddle(server, [verb, ...args], (run) =>
      run.sees('half'),
    );
    assert.equal(code, 1, stderr);
    assert.match(stderr, /likerd ended in the middle of it; .* again\n$/);
    assert.equal(stdout.match(/half/g)?.length, 1, 'what has come is not sent twice');
    assert.equal(asked, 1);
  });

for (const [verb, ...args] of [
  ['export', 'web'],
  ['save', 'debian'],
] as const)
  test(`${verb} to a file leaves what was there before`, { timeout: 60_000 }, async () => {
    await using server = new FakeServer();
    const file = join(server.folder, 'x.tar');
    writeFileSync(file, 'before');
    const { code, stderr } = await killedInTheMiddle(server, [verb, '-o', file, ...args], () =>
      until('the draft', () =>
        readdirSync(server.folder).some(
          (name) => name.endsWith('.part') && statSync(join(server.folder, name)).size > 0,
        ),
      ),
    );
    assert.equal(code, 1, stderr);
    assert.equal(readFileSync(file, 'utf8'), 'before');
  });
