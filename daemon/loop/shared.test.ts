import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shared } from './shared.ts';

const forEver = () => new AbortController().signal;
const ignored = (): void => {};

test('a job that several want at once is done once, and all see how far it is', async () => {
  const jobs = new Shared<number, string>();
  const done = Promise.withResolvers<string>();
  let starts = 0;
  let report: (progress: number) => void = ignored;
  const start = (tell: (progress: number) => void) => {
    starts += 1;
    report = tell;
    return done.promise;
  };
  const seen: number[][] = [[], []];
  const first = jobs.join('a', start, (progress) => seen[0]?.push(progress), forEver());
  report(1);
  const second = jobs.join('a', start, (progress) => seen[1]?.push(progress), forEver());
  report(2);
  done.resolve('x');
  assert.deepEqual(await Promise.all([first, second]), ['x', 'x']);
  assert.equal(starts, 1);
  assert.deepEqual(seen, [
    [1, 2],
    [1, 2],
  ]);
  await jobs.join('a', start, ignored, forEver());
  assert.equal(starts, 2);
});

test('a job goes on when one of two callers leaves, and is aborted when both have', async () => {
  const jobs = new Shared<number, string>();
  let given: AbortSignal | undefined;
  const start = (_report: unknown, signal: AbortSignal) => {
    given = signal;
    return new Promise<string>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  };
  const [one, other] = [new AbortController(), new AbortController()];
  const first = jobs.join('a', start, ignored, one.signal);
  const second = jobs.join('a', start, ignored, other.signal);
  one.abort(new Error('one left'));
  await assert.rejects(first, /one left/);
  assert.equal(given?.aborted, false);
  other.abort(new Error('the other left'));
  await assert.rejects(second, /the other left/);
  assert.equal(given?.aborted, true);
});

test('a failed job fails all who wait, and the next call starts anew', async () => {
  const jobs = new Shared<number, string>();
  const failing = () => Promise.reject(new Error('no'));
  const both = [0, 1].map(() => jobs.join('a', failing, ignored, forEver()));
  for (const result of both) await assert.rejects(result, /no/);
  assert.equal(await jobs.join('a', async () => 'yes', ignored, forEver()), 'yes');
});

test('whoever was aborted before starts nothing', async () => {
  const jobs = new Shared<number, string>();
  const start = (): Promise<string> => assert.fail('started');
  await assert.rejects(jobs.join('a', start, ignored, AbortSignal.abort(new Error('gone'))), /gone/);
});
