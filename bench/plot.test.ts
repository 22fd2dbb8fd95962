import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plot } from './plot.ts';
import { type Aim, isReached, type Result, rowOf } from './report.ts';

const result: Result = {
  name: 'case',
  title: 'a < b & c',
  unit: 'ms',
  rows: [rowOf('liker Run', [1, 2, 3]), rowOf('crun run', [20]), rowOf('docker run', [200])],
  notes: [],
};

function widths(svg: string): number[] {
  return [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));
}

test('a bar for each row, each ten times as much a step further', () => {
  const [liker = 0, crun = 0, docker = 0] = widths(plot([result]));
  assert.ok(liker < crun && crun < docker);
  assert.ok(Math.abs(docker - crun - (crun - liker)) < 0.2);
});

test('a text is no markup, and the median stands beside its bar', () => {
  const svg = plot([result]);
  assert.match(svg, /a &lt; b &amp; c/);
  assert.match(svg, />2\.00<\/text>/);
});

test('an aim is reached at its bound, from the right side', () => {
  const aim: Aim = { work: '', row: 'crun run', limit: 20, bound: '' };
  assert.equal(isReached(result, aim), true);
  assert.equal(isReached(result, { ...aim, limit: 19 }), false);
  assert.equal(isReached({ ...result, moreIsBetter: true }, { ...aim, limit: 19 }), true);
  assert.equal(isReached(result, { ...aim, limit: null }), null);
});
