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

test('each row has a bar, and each step of the scale is ten times the one before', () => {
  const [liker = 0, crun = 0, docker = 0] = widths(plot([result]));
  assert.ok(liker < crun && crun < docker);
  assert.ok(Math.abs(docker - crun - (crun - liker)) < 0.2);
});

test('text is escaped, and the median is printed beside its bar', () => {
  const svg = plot([result]);
  assert.match(svg, /a &lt; b &amp; c/);
  assert.match(svg, />2\.00<\/text>/);
});

test('an aim is met at its bound, when approached from the right side', () => {
  const aim: Aim = { work: '', row: 'crun run', limit: 20, bound: '' };
  assert.equal(isReached(result, aim), true);
  assert.equal(isReached(result, { ...aim, limit: 19 }), false);
  assert.equal(isReached({ ...result, moreIsBetter: true }, { ...aim, limit: 19 }), true);
  assert.equal(isReached(result, { ...aim, limit: null }), null);
});
