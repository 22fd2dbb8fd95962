// Metrics as Prometheus scrapes them: of the engine, Node.js and containers.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { suite } from './harness/suite.ts';
import { within } from './harness/until.ts';

const s = suite({ args: ['--metrics-addr', '0'] });

const scrape = async (where: object, path = '/metrics'): Promise<{ status: number; body: string }> => {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  request({ ...where, path, agent: false }, (response) => {
    text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
  })
    .once('error', reject)
    .end();
  return within('no metrics', promise);
};
const port = (): number =>
  Number([...s.daemon.log.matchAll(/serving metrics.*127\.0\.0\.1:(\d+)/g)].at(-1)?.[1]);
const value = (body: string, line: string): number =>
  Number(
    body
      .split('\n')
      .find((text) => text.startsWith(`${line} `))
      ?.slice(line.length + 1),
  );

test('figures of the engine, of containers and of Node.js are exported', async () => {
  const before = (await scrape({ port: port() })).body;
  const id = await s.detached(['--name', 'seen', '--memory', '64m'], ['sleep', '1000']);
  assert.equal((await s.run([], ['nowhere'])).code, 127);
  const { status, body } = await scrape({ port: port() });
  assert.equal(status, 200);
  const grown = (line: string) => value(body, line) - (value(before, line) || 0);
  assert.equal(grown('liker_container_starts_total'), 1);
  assert.equal(grown('liker_container_start_failures_total{reason="COMMAND_NOT_FOUND"}'), 1);
  assert.equal(grown('liker_rpc_total{method="StartContainer",code="OK"}'), 1);
  assert.equal(grown('liker_rpc_duration_seconds_count{method="StartContainer"}'), 1);
  assert.equal(value(body, 'liker_containers{state="running"}'), 1);
  assert.match(body, /^liker_build_info\{version="[^"]+",node="[^"]+"\} 1$/m);
  assert.match(body, /^nodejs_eventloop_lag_p99_seconds /m);
  assert.match(body, /^process_open_fds \d/m);
  const labels = `{id="${id}",name="seen"}`;
  assert.ok(value(body, `container_cpu_usage_seconds_total${labels}`) > 0);
  assert.ok(value(body, `container_memory_working_set_bytes${labels}`) > 0);
  assert.equal(value(body, `container_spec_memory_limit_bytes${labels}`), 64 * 1024 * 1024);
  assert.ok(value(body, `container_threads${labels}`) >= 2);
  for (const line of body.split('\n')) assert.match(line, /^(#.*|\w+(\{.*\})? ([-+.\de]+|NaN)|)$/i);
  const families = [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  assert.equal(new Set(families).size, families.length, 'each family is there once');
  assert.equal((await scrape({ port: port() }, '/')).status, 404);
  await s.ok(['rm', '-f', id]);
  assert.doesNotMatch((await scrape({ port: port() })).body, new RegExp(id));
});

test('metrics are served on a Unix socket; an unavailable address ends the daemon with one line', async () => {
  const socketPath = join(s.daemon.home, 'metrics.sock');
  await s.daemon.restart(['--metrics-addr', `unix:${socketPath}`]);
  const { body } = await scrape({ socketPath });
  assert.match(body, /^liker_containers\{state="running"\} 0$/m);
  await s.daemon.stop();
  await assert.rejects(
    s.daemon.start(['--metrics-addr', '203.0.113.1:9']),
    /likerd: Cannot serve metrics at 203\.0\.113\.1:9: .*EADDRNOTAVAIL/,
  );
  await s.daemon.start();
});
