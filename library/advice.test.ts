import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inCalls } from './advice.ts';

/** Commands for which the library has no call. */
const withoutCall = ['image prune', 'mount ls', 'secret create', 'secret ls', 'top'];

test('each command of likerctl that likerd advises is a call here, or is known to have none', () => {
  const files = globSync('daemon/**/*.ts', { exclude: (name) => name.endsWith('.test.ts') });
  const texts = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /['"`].*likerctl /.test(line) && !/^\s*(\/\/|\/?\*)/.test(line)),
  );
  assert.ok(texts.length > 10);
  const known = new RegExp(`likerctl (${withoutCall.join('|')})\\b`);
  assert.deepEqual(
    texts.filter((text) => /likerctl /.test(inCalls(text).replace(known, ''))),
    [],
  );
});

test('a message says what a program calls', () => {
  assert.equal(
    inCalls("No such container: 'x'; 'likerctl ps -a' lists all"),
    "No such container: 'x'; containers.list({ all: true }) lists all",
  );
  assert.equal(
    inCalls("choose another, or remove it with 'likerctl network rm back'"),
    "choose another, or remove it with networks.remove('back')",
  );
  assert.equal(
    inCalls("there is no such repository, or it needs 'likerctl login registry.example:5000'"),
    "there is no such repository, or it needs the option 'credentials'",
  );
});
