// Docker's API byte by byte: what clients of it rely on beside the bodies.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { createWebSocketStream, WebSocket } from 'ws';
import { boxImage, dockerSuite, parseAnswer } from './harness/docker-client.ts';
import { requiresProgram } from './harness/requires.ts';
import { hangMs, until, within } from './harness/until.ts';

const needs = requiresProgram('busybox');
const s = dockerSuite();

async function create(body: object): Promise<string> {
  const answer = await s.call('POST', '/containers/create', { Image: boxImage, ...body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return (answer.body as { Id: string }).Id;
}
const remove = (id: string) => s.call('DELETE', `/containers/${id}?force=1`);
const request = (line: string, headers = '', body = '') =>
  `${line} HTTP/1.1\r\nHost: docker\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
const upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';
const webSocket = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
const message = (answer: { body: unknown }) => (answer.body as { message: string }).message;
const isAttached = (id: string) =>
  until('it is attached', () => s.daemon.log.includes(`${id}/attach status=OK`));

test('a ping says which versions there are, with and without a version in the path', needs, async () => {
  for (const path of ['/_ping', '/v1.24/_ping', '/v1.52/_ping']) {
    const { status, headers, body } = await s.call('GET', path);
    assert.deepEqual(
      [status, body, headers.get('api-version'), headers.get('ostype')],
      [200, 'OK', '1.52', 'linux'],
    );
  }
  assert.equal((await s.call('HEAD', '/_ping')).status, 200);
});

test('versions that are too old or too new, and paths that there are not', needs, async () => {
  const old = await s.call('GET', '/v1.23/info');
  assert.equal(old.status, 400);
  assert.match(message(old), /client version 1\.23 is too old\. Minimum supported API version is 1\.24/);
  assert.match(
    message(await s.call('GET', '/v1.53/info')),
    /is too new\. Maximum supported API version is 1\.52/,
  );
  const nowhere = await s.call('GET', '/nowhere');
  assert.deepEqual([nowhere.status, message(nowhere)], [404, 'page not found']);
  assert.equal(nowhere.headers.get('api-version'), '1.52', 'errors have it, too');
  assert.equal((await s.call('PUT', '/containers/json')).status, 404, 'a method that there is not');
});

test('without an upgrade, stdin follows the body on the same connection', needs, async () => {
  const id = await create({ Cmd: ['sleep', '1000'] });
  await s.call('POST', `/containers/${id}/start`);
  const exec = await s.call('POST', `/containers/${id}/exec`, {
    ...{ AttachStdin: true, AttachStdout: true, Cmd: ['sh', '-c', 'cat; echo end'] },
  });
  const { Id } = exec.body as { Id: string };
  const socket = s.connect();
  // In the same piece as the body, and what looks like a request.
  socket.write(`${request(`POST /exec/${Id}/start`, '', '{"Tty":true}')}GET / HTTP/1.1\r\n\r\n`);
  const all = text(socket);
  await until('the head', () => socket.bytesRead > 0);
  socket.end('more\n');
  const [head, rest] = (await all).split(/(?<=\r\n\r\n)(.*)/s);
  assert.equal(head, 'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n');
  assert.equal(rest, 'GET / HTTP/1.1\r\n\r\nmore\nend\n');
  const { body } = await s.call('GET', `/exec/${Id}/json`);
  assert.deepEqual(
    [(body as { ExitCode: number }).ExitCode, (body as { Running: boolean }).Running],
    [0, false],
  );
  assert.equal((await s.call('POST', `/exec/${Id}/start`, {})).status, 409, 'once');
  await remove(id);
});

test('with an upgrade, output is in frames', needs, async () => {
  const id = await create({ Cmd: ['sh', '-c', 'printf out; printf err >&2'] });
  const attached = s.raw(request(`POST /v1.42/containers/${id}/attach?stream=1&stdout=1&stderr=1`, upgrade));
  await isAttached(id);
  await s.call('POST', `/containers/${id}/start`);
  const answer = await attached;
  assert.match(
    answer,
    /^HTTP\/1\.1 101 UPGRADED\r\nContent-Type: application\/vnd\.docker\.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n/,
  );
  assert.ok(answer.includes('\x01\0\0\0\0\0\0\x03out'));
  assert.ok(answer.includes('\x02\0\0\0\0\0\0\x03err'));
  await remove(id);
});

test('errors come before the connection is taken over', needs, async () => {
  const missing = parseAnswer(await s.raw(request('POST /containers/nosuch/attach?stream=1', upgrade)));
  assert.deepEqual([missing.status, message(missing)], [404, 'No such container: nosuch']);
  assert.equal(missing.headers.get('content-type'), 'application/json');
  assert.equal((await s.call('POST', '/exec/nosuch/start', {})).status, 404);
});

test('a connection that has answered other requests can be taken over', needs, async () => {
  const id = await create({ Cmd: ['echo', 'hi'] });
  const socket = s.connect();
  const all = text(socket);
  socket.write(request('GET /_ping'));
  await until('an answer', () => socket.bytesRead > 0);
  socket.write(request(`POST /containers/${id}/attach?stream=1&stdout=1`, upgrade));
  await isAttached(id);
  await s.call('POST', `/containers/${id}/start`);
  assert.match(await all, /101 UPGRADED[\s\S]*hi\n$/);
  await remove(id);
});

test('the head of the answer to wait comes at once, its body at the end', needs, async () => {
  const id = await create({ Cmd: ['sh', '-c', 'exit 3'] });
  const socket = s.connect();
  socket.write(request(`POST /containers/${id}/wait?condition=next-exit`, 'Connection: close\r\n'));
  const all = text(socket);
  await until('the head before the start', () => socket.bytesRead > 0);
  await s.call('POST', `/containers/${id}/start`);
  assert.deepEqual(parseAnswer(await all).body, { StatusCode: 3 });
  assert.deepEqual(
    (await s.call('POST', `/containers/${id}/wait`)).body,
    { StatusCode: 3 },
    'it has ended already',
  );
  await remove(id);
});

test('states: what is so already is not modified; what is not there is not found', needs, async () => {
  const id = await create({ Cmd: ['sleep', '1000'] });
  assert.equal((await s.call('POST', `/containers/${id}/stop`)).status, 304);
  assert.equal((await s.call('POST', `/containers/${id}/kill`)).status, 409);
  assert.equal((await s.call('POST', `/containers/${id}/start`, {})).status, 204);
  assert.equal((await s.call('POST', `/containers/${id.slice(0, 12)}/start`)).status, 304);
  assert.equal((await s.call('DELETE', `/containers/${id}`)).status, 409);
  assert.equal((await s.call('POST', `/containers/${id}/stop?t=0`)).status, 204);
  assert.equal((await s.call('DELETE', `/containers/${id}`)).status, 204);
  assert.equal((await s.call('GET', `/containers/${id}/json`)).status, 404);
  const unknown = await s.call('POST', '/containers/create', { Image: 'no/such:1' });
  assert.deepEqual([unknown.status, message(unknown)], [404, 'No such image: no/such:1']);
});

test('every field may be null, and unknown ones are passed over', needs, async () => {
  const nothing = Object.fromEntries(
    [
      'Cmd',
      'Entrypoint',
      'Env',
      'Labels',
      'Volumes',
      'ExposedPorts',
      'Healthcheck',
      'HostConfig',
      'NetworkingConfig',
      'StopTimeout',
    ].map((name) => [name, null]),
  );
  await remove(await create({ ...nothing, NoSuchField: { a: 1 } }));
  const host = Object.fromEntries(
    [
      'Binds',
      'Mounts',
      'Tmpfs',
      'PortBindings',
      'RestartPolicy',
      'LogConfig',
      'CapAdd',
      'Devices',
      'Ulimits',
      'Init',
      'PidsLimit',
    ].map((name) => [name, null]),
  );
  await remove(await create({ HostConfig: { ...host, NoSuchField: 1 } }));
  const wrong = await s.call('POST', '/containers/create', { Image: 7 });
  assert.equal(wrong.status, 400);
  assert.match(message(wrong), /body\.Image/);
});

test('filters in both forms', needs, async () => {
  const id = await create({ Labels: { which: 'this' } });
  for (const filters of [{ label: ['which=this'] }, { label: { 'which=this': true } }]) {
    const { body } = await s.call(
      'GET',
      `/containers/json?all=true&filters=${encodeURIComponent(JSON.stringify(filters))}`,
    );
    assert.deepEqual(
      (body as { Id: string }[]).map(({ Id }) => Id),
      [id],
    );
  }
  assert.equal((await s.call('GET', '/containers/json?filters={"nosuch":["a"]}')).status, 400);
  await remove(id);
});

test('without a stream, what was written so far is all that comes', needs, async () => {
  const id = await create({ Cmd: ['sh', '-c', 'echo before; exec sleep 1000'] });
  await s.call('POST', `/containers/${id}/start`);
  const attach = (query: string) => s.raw(request(`POST /containers/${id}/attach?${query}`));
  await until('its output', async () => (await attach('logs=1&stdout=1')).endsWith('before\n'));
  assert.match(await attach('stdout=1'), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
  await remove(id);
});

test('a client that waits for the start of a container is let go when that is removed', needs, async () => {
  const id = await create({});
  const attached = s.raw(request(`POST /containers/${id}/attach?stream=1&stdout=1`, upgrade));
  await isAttached(id);
  await remove(id);
  assert.match(await attached, /^HTTP\/1\.1 101 /);
});

test(
  'a WebSocket: stdin and output are bytes of its messages, before the start and while it runs',
  needs,
  async () => {
    const id = await create({
      ...{ Cmd: ['sh', '-c', 'read line; echo $line; echo bad >&2; cat >/dev/null; exec sleep 1000'] },
      ...{ OpenStdin: true, StdinOnce: true },
    });
    const path = `/containers/${id}/attach/ws?stream=1&stdin=1&stdout=1&stderr=1`;
    const opened = async (query: string) => {
      const client = new WebSocket(`ws+unix:${s.dockerSocket}:${query}`);
      // What comes with the head is for those who listen by then.
      const stream = createWebSocketStream(client);
      await within('the handshake', once(client, 'open'));
      return stream;
    };
    const first = await opened(path);
    assert.equal((await s.call('POST', `/containers/${id}/start`)).status, 204);
    first.write('typed\n');
    let seen = '';
    for await (const piece of first) {
      seen += piece;
      if (seen.length >= 'typed\nbad\n'.length) break;
    }
    assert.match(seen, /^(typed\nbad|bad\ntyped)\n$/);
    const replayed = await opened(`${path}&logs=1`);
    const all = within('the end', text(replayed));
    await until('it is attached', () => s.daemon.log.split(`${id}/attach/ws status=OK`).length > 2);
    await s.call('POST', `/containers/${id}/kill`);
    assert.match(await all, /^(typed\nbad|bad\ntyped)\n$/);
    const refused = parseAnswer(await s.raw(request('GET /containers/nosuch/attach/ws', webSocket)));
    assert.deepEqual([refused.status, message(refused)], [404, 'No such container: nosuch']);
    const plain = parseAnswer(await s.raw(request(`GET /containers/${id}/attach/ws`)));
    assert.equal(plain.status, 400);
    const bad = await s.raw(request(`GET /containers/${id}/attach/ws`, 'Upgrade: websocket\r\n'));
    assert.match(bad, /^HTTP\/1\.1 400 /, 'an upgrade without a key');
    await remove(id);
  },
);

test('two hundred runs at once: each client has all output and the exit code', needs, async () => {
  const patience = { deadlineMs: 5 * hangMs };
  /** Its promise resolves when the head of the answer has come. */
  const send = async (line: string, headers = 'Connection: close\r\n') => {
    const socket = s.connect();
    const answer = within(line, text(socket), patience);
    answer.catch(() => {});
    socket.write(request(line, headers));
    await until(`the head of ${line}`, () => socket.bytesRead > 0, patience);
    return { answer };
  };
  const prepare = async (number: number) => {
    const script = `echo ${number}; echo bad ${number} >&2; exit ${number % 100}`;
    const id = await create({ Cmd: ['sh', '-c', script], HostConfig: { AutoRemove: true } });
    const attached = await send(`POST /containers/${id}/attach?stream=1&stdout=1&stderr=1`, upgrade);
    const ended = await send(`POST /containers/${id}/wait?condition=removed`);
    return { id, attached, ended };
  };
  const frame = (stream: number, bytes: string) =>
    `${String.fromCharCode(stream, 0, 0, 0, 0, 0, 0, bytes.length)}${bytes}`;
  const run = async ({ id, attached, ended }: Awaited<ReturnType<typeof prepare>>, number: number) => {
    await send(`POST /containers/${id}/start`);
    const frames = (await attached.answer).replace(/^.*?\r\n\r\n/s, '');
    const [out, bad] = [frame(1, `${number}\n`), frame(2, `bad ${number}\n`)];
    assert.ok([out + bad, bad + out].includes(frames), JSON.stringify(frames));
    assert.deepEqual(parseAnswer(await ended.answer).body, { StatusCode: number % 100 });
  };
  const prepared = await Promise.all(Array.from({ length: 200 }, (_, number) => prepare(number)));
  await Promise.all(prepared.map(run));
  assert.deepEqual((await s.call('GET', '/containers/json?all=1')).body, []);
});
