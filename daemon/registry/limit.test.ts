import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitText, readLimit } from './limit.ts';
import { FakeRegistry, fails, never, password, refuse, repositoryAt } from './test/fake-registry.ts';

const now = Date.UTC(2026, 0, 2, 3, 4, 5);

test('the end of a limit is read from the headers that registries send', () => {
  const table: [Record<string, string>, number | null][] = [
    [{}, null],
    [{ 'retry-after': '90' }, now + 90_000],
    [{ 'retry-after': 'Fri, 02 Jan 2026 03:05:05 GMT' }, now + 60_000],
    [{ 'ratelimit-reset': '10' }, now + 10_000],
    [{ 'x-ratelimit-reset': String(now / 1000 + 7) }, now + 7000],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-5' }, null],
    [{ 'ratelimit-limit': '100;w=21600' }, null],
  ];
  for (const [headers, endMs] of table)
    assert.equal(readLimit(headers, now).endMs, endMs, JSON.stringify(headers));
  assert.deepEqual(readLimit({ 'ratelimit-limit': '100;w=21600' }, now).rule, {
    requests: 100,
    seconds: 21_600,
  });
});

test('a limit is told with its size and its end', () => {
  assert.deepEqual(limitText({ 'retry-after': '2520', 'ratelimit-limit': '100;w=21600' }, now), {
    rule: ' (100 in 6 hours)',
    until: 'try again in 42 minutes, at 2026-01-02 03:46:05 UTC',
  });
  assert.equal(
    limitText({ 'ratelimit-limit': '10;w=60' }, now).until,
    'try again in 60 seconds at the latest',
  );
  assert.equal(limitText({}, now).until, 'try again later');
});

test('a short limit is waited for, a long one is an error that says what helps', async () => {
  await using registry = await FakeRegistry.start();
  const image = registry.addImage('1');
  let limited = 2;
  registry.instead = (_request, response) =>
    limited-- > 0 && refuse(response, 429, 'TOOMANYREQUESTS', { 'retry-after': '0' });
  assert.equal(await repositoryAt(registry, 'x:1').digest(never), image.digest);
  assert.equal(registry.lines.length, 3);

  const headers = { 'retry-after': '3600', 'ratelimit-limit': '100;w=21600' };
  registry.instead = (_request, response) => refuse(response, 429, 'TOOMANYREQUESTS', headers);
  const text =
    /limits the number of requests \(100 in 6 hours\).*: try again in 60 minutes, at .* UTC, or raise the limit with 'likerctl login 127/;
  await assert.rejects(repositoryAt(registry, 'x:1').digest(never), fails('REGISTRY_LIMIT', text));
  assert.equal(registry.lines.length, 4);
  const user = repositoryAt(registry, 'x:1', { credentials: password('user', 'secret') });
  await assert.rejects(user.digest(never), fails('REGISTRY_LIMIT', /at \S+ \S+ UTC$/));
  registry.instead = (_request, response) => refuse(response, 429, 'TOOMANYREQUESTS');
  await assert.rejects(
    repositoryAt(registry, 'x:1').digest(never),
    fails('REGISTRY_LIMIT', /try again later/),
  );
  assert.equal(registry.lines.length, 6);
});
