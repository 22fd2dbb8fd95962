import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const module = join(import.meta.dirname, 'streams.ts');

/** Runs code that has the functions of the module. */
function program(code: string): ChildProcessByStdio<Writable, Readable, null> {
  const whole = `import { flush, isTerminal, stream, useDescriptors, write } from '${module}';
    useDescriptors((error) => { process._rawDebug(error.code); process.exit(9); });
    ${code}
    await flush();
    process.exit(0);`;
  return spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', whole], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

test('text is written without loading a stream', async () => {
  const child = program(`
    const loads = (name) => Object.defineProperty(process, name, { get: () => process.exit(8) });
    for (const name of ['stdin', 'stdout', 'stderr']) loads(name);
    if (!isTerminal('stdout')) write('stdout', 'a'.repeat(300_000));`);
  assert.equal((await text(child.stdout)).length, 300_000);
});

test('text for which there is no room is written when there is, in order', async () => {
  const child = program(`
    process.stdout._handle.setBlocking(false);
    for (let i = 0; i < 100_000; i++) write('stdout', i + '\\n');
    process._rawDebug('written');`);
  child.stdout.pause();
  const expected = Array.from({ length: 100_000 }, (_, i) => `${i}\n`).join('');
  assert.equal(await text(child.stdout), expected);
});

test('text after the first use of the stream follows what the stream has', async () => {
  const child = program(`
    write('stdout', 'one ');
    stream('stdout')._handle.setBlocking(false);
    stream('stdout').write('two '.repeat(100_000));
    write('stdout', 'three');`);
  assert.equal(await text(child.stdout), `one ${'two '.repeat(100_000)}three`);
});

test('an error comes to the handler, by both ways', async () => {
  for (const code of [
    `write('stdout', 'a')`,
    `stream('stdout').write('a'); await new Promise((resolve) => setTimeout(resolve, 60_000))`,
  ]) {
    const child = program(`for await (const _ of process.stdin); ${code}`);
    child.stdout.destroy();
    child.stdin.end();
    const [exit] = await once(child, 'exit');
    assert.equal(exit, 9);
  }
});
