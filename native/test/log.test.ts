import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeLaunch } from '../../daemon/kernel/plan/encode.ts';
import type { ShimSettings } from '../../daemon/kernel/plan/steps.ts';
import { containerSteps, settings } from './plans.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();

async function logged(
  script: string,
  changes: Partial<ShimSettings> = {},
  tty = false,
): Promise<ShimSettings> {
  const shim = fixture().shimSettings(changes);
  const steps = containerSteps(fixture().container({ args: ['/bin/sh', '-c', script], tty }));
  const plan = encodeLaunch({ settings: settings({ tty }), steps }, shim);
  await using running = await fixture().spawnPlan(plan, shim.runDir);
  await running.peer.exit();
  running.peer.taken(0);
  await running.ended();
  return shim;
}

function segments(shim: ShimSettings): string[] {
  return readdirSync(shim.logDir).sort();
}

function entries(shim: ShimSettings): string[] {
  return segments(shim).flatMap((name) =>
    readFileSync(join(shim.logDir, name), 'latin1').split('\n').slice(0, -1),
  );
}

/** The output, put together again: a P entry continues in the next one of its stream. */
function joined(shim: ShimSettings, stream: string): string {
  return entries(shim)
    .filter((entry) => entry.slice(31, 37) === stream)
    .map((entry) => entry.slice(40) + (entry[38] === 'F' ? '\n' : ''))
    .join('');
}

test('the log has the CRI text format', async () => {
  const before = Date.now();
  const shim = await logged('echo one; sleep 0.05; echo two >&2; sleep 0.05; echo -n part');
  const lines = entries(shim);
  assert.deepEqual(
    lines.map((line) => line.slice(31)),
    ['stdout F one', 'stderr F two', 'stdout P part'],
  );
  for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /);
  const time = Date.parse(lines[0]?.slice(0, 30) ?? '');
  assert.ok(time >= before - 1 && time <= Date.now() + 1);
  assert.deepEqual(segments(shim), ['00000001.log']);
});

test('a line longer than 16 KiB is split into parts', async () => {
  const shim = await logged("head -c 40000 /dev/zero | busybox tr '\\0' x; echo");
  assert.equal(joined(shim, 'stdout'), `${'x'.repeat(40_000)}\n`);
  for (const entry of entries(shim)) assert.ok(entry.length <= 40 + 16_384);
});

test('segments are rotated between entries, and the oldest are removed', async () => {
  const shim = await logged('seq 1 2000', { logSegmentBytes: 10_000, logSegments: 3 });
  const names = segments(shim);
  assert.equal(names.length, 3);
  assert.notEqual(names[0], '00000001.log');
  for (const name of names) {
    const text = readFileSync(join(shim.logDir, name), 'latin1');
    assert.ok(text.length <= 10_000);
    assert.match(text, /^\d{4}-.*\n$/s);
  }
  assert.match(entries(shim).at(-1) ?? '', / stdout F 2000$/);
});

test('a new shim continues the last segment', async () => {
  const first = await logged('echo first');
  writeFileSync(join(first.logDir, 'other'), 'not a segment');
  const { logDir } = await logged('echo second', { logDir: first.logDir });
  assert.deepEqual(readdirSync(logDir).sort(), ['00000001.log', 'other']);
  const text = readFileSync(join(logDir, '00000001.log'), 'utf8');
  assert.match(text, /F first\n.*F second\n$/);
});

test('the whole output of a terminal is in the log before the exit is reported', async () => {
  const shim = await logged('seq 1 5000', {}, true);
  const wanted = Array.from({ length: 5000 }, (_, i) => `${i + 1}\r\n`).join('');
  assert.equal(joined(shim, 'stdout'), wanted);
});

test('a log that cannot be opened is reported, and nothing is started', async () => {
  const shim = fixture().shimSettings({ logDir: '/proc/nowhere' });
  const steps = containerSteps(fixture().container({ args: ['/bin/sh', '-c', 'seq 1 1000'] }));
  const plan = encodeLaunch({ settings: settings(), steps }, shim);
  await using running = await fixture().spawnPlan(plan, shim.runDir);
  await assert.rejects(running.peer.exit(), /"errno":2,.*"call":"open","object":"\/proc\/nowhere"/);
  assert.equal(running.peer.text(), '');
});
