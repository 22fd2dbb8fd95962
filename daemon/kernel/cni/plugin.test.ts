import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LikerError } from '../../../common/errors.ts';
import { until } from '../../../test/harness/until.ts';
import { endMarked } from './left.ts';
import { type PluginCall, runPlugin } from './plugin.ts';

const folder = mkdtempSync(join(tmpdir(), 'lk-cni-'));
after(() => rmSync(folder, { recursive: true }));

function call(script: string, more: Partial<PluginCall> = {}): Promise<unknown> {
  write(script);
  return again(more);
}

function write(script: string): void {
  writeFileSync(join(folder, 'fake'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** The same script once more. */
function again(more: Partial<PluginCall>): Promise<unknown> {
  return runPlugin({
    ...{ command: 'ADD', type: 'fake', path: ['/nonexistent', folder] },
    ...{ environment: { CNI_IFNAME: 'eth0' }, config: { name: 'blue' }, cannot: 'Cannot try' },
    signal: new AbortController().signal,
    ...more,
  });
}

test('a plugin gets its configuration, the variables of CNI and no others of likerd', async () => {
  process.env['LIKER_TEST_SECRET'] = 'x';
  const said = await call(
    'read -r config; printf \'{"config": %s, "env": "%s"}\' "$config" "$(env | sort | tr "\\n" " ")"',
  );
  assert.deepEqual((said as { config: unknown }).config, { name: 'blue' });
  const { env } = said as { env: string };
  assert.match(env, new RegExp(`CNI_COMMAND=ADD CNI_IFNAME=eth0 CNI_PATH=/nonexistent:${folder} `));
  assert.doesNotMatch(env, /LIKER_TEST_SECRET/);
});

test('a plugin that says nothing has no result; one that does not read its configuration is no failure', async () => {
  assert.equal(await call('exit 0', { config: { long: 'x'.repeat(1 << 20) } }), null);
});

for (const [words, script, why, metadata] of [
  [
    'an error of the specification',
    `echo '{"cniVersion": "1.0.0", "code": 7, "msg": "no subnet", "details": "of 10.0.0.0/8"}'; exit 1`,
    "plugin 'fake' failed in ADD: no subnet: of 10.0.0.0/8 (code 7)",
    { code: '7' },
  ],
  [
    'other words',
    'echo "panic: \n no memory" >&2; exit 3',
    "plugin 'fake' failed in ADD: it ended with status 3: panic: no memory",
    {},
  ],
  ['a signal', 'kill -SEGV $$', "plugin 'fake' failed in ADD: it was killed by SIGSEGV", {}],
  ['a result that is none', 'echo hello', "plugin 'fake' failed in ADD: what it says is no JSON: hello", {}],
] as const)
  test(`a plugin fails with ${words}`, async () => {
    await assert.rejects(call(script), (error) => {
      assert.ok(error instanceof LikerError);
      assert.equal(error.message, `Cannot try: ${why}`);
      assert.equal(error.reason, 'NETWORK_UNAVAILABLE');
      assert.deepEqual(error.metadata, { plugin: 'fake', command: 'ADD', ...metadata });
      return true;
    });
  });

test('a plugin that is missing is refused with the folders', async () => {
  await assert.rejects(
    call('', { type: 'missing' }),
    new RegExp(`plugin 'missing' failed in ADD: it is in none of /nonexistent, ${folder}; install it`),
  );
});

/** Of a script that writes it. */
const pidOf = (name: string): number => Number(readFileSync(join(folder, name), 'utf8'));

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

test('a plugin that hangs is killed with what it has started', async () => {
  const script = `sleep 1000 & echo $! >${folder}/child; wait`;
  await assert.rejects(call(script, { limitMs: 2_000 }), (error) => {
    assert.ok(error instanceof LikerError && error.reason === 'TIMED_OUT');
    assert.equal(error.message, "Cannot try: plugin 'fake' did not end ADD within 2 s, and was killed");
    return true;
  });
  assert.equal(isAlive(pidOf('child')), false);
});

/** Resolves when a script has written it. */
const written = (name: string) =>
  until(name, () => existsSync(join(folder, name)) && readFileSync(join(folder, name), 'utf8') !== '');

test('a plugin is stopped', async () => {
  const stopping = new AbortController();
  const running = call(`echo $$ >${folder}/stopped; exec sleep 1000`, { signal: stopping.signal });
  await written('stopped');
  stopping.abort(new Error('stopped'));
  await assert.rejects(running, /stopped/);
  assert.equal(isAlive(pidOf('stopped')), false);
});

test('plugins that another likerd has left at work are ended, and no others', async () => {
  write(`echo $$ >${folder}/$LIKER_CNI; sleep 1000`);
  const [left, other] = ['one', 'two'].map((marker) =>
    again({ environment: { LIKER_CNI: marker } }).catch((error: Error) => error.message),
  );
  await written('one');
  await written('two');
  await endMarked('LIKER_CNI=one');
  assert.match(String(await left), /killed by SIGKILL/);
  assert.equal(isAlive(pidOf('one')), false);
  assert.equal(isAlive(pidOf('two')), true);
  await endMarked('LIKER_CNI=two');
  await other;
});
