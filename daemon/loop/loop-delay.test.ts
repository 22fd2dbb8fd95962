import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoopDelay } from './loop-delay.ts';

function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

// A busy machine only adds to what is measured: these bounds hold on any.
test('a blocked event loop shows in the total and in the recent figures', async () => {
  using loop = new LoopDelay();
  await sleep(60);
  const before = loop.now();
  block(300);
  await sleep(60);
  const { maxMs, p99Ms, recentMaxMs, busyMaxMs } = loop.now();
  assert.ok(maxMs >= 275, `${maxMs}`);
  assert.ok(recentMaxMs >= 275, `${recentMaxMs}`);
  assert.ok(p99Ms <= maxMs);
  // What it waited for a CPU meanwhile is not its own doing.
  assert.ok(busyMaxMs > before.busyMaxMs && busyMaxMs <= maxMs + 25, `${busyMaxMs} of ${maxMs}`);
});
