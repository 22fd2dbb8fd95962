import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  Client,
  credentials,
  Metadata,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { service as health } from 'grpc-health-check';
import { LikerError } from '../../common/errors.ts';
import * as reflection from '../../proto/gen/reflection-codecs.ts';
import { ApiFixture, detailsOf, testPeer } from '../test/api-fixture.ts';
import { containerView } from '../test/fake-engine.ts';
import { claimSocket } from './grpc/socket.ts';
import { definitions, serviceNames } from './liker/definitions.ts';

const peerCredentials = () => testPeer;

function version(fixture: ApiFixture): Promise<unknown> {
  return new Promise((resolve, reject) =>
    fixture
      .client('SystemService')
      .getVersion({}, (error, value) => (error ? reject(error) : resolve(value))),
  );
}

/** A call whose request is these bytes. */
function rawCall(
  client: Client,
  path: string,
  bytes: Buffer,
): Promise<{ code: number; bytes: Buffer | undefined; error: unknown }> {
  return new Promise((resolve) =>
    client.makeUnaryRequest(
      path,
      (value: Buffer) => value,
      (value: Buffer) => value,
      bytes,
      new Metadata(),
      (error, value) => resolve({ code: error?.code ?? status.OK, bytes: value, error }),
    ),
  );
}

/** As rawCall, for a stream, with the bytes as its first message. */
function rawStream(client: Client, path: string, bytes: Buffer): Promise<{ code: number; error: unknown }> {
  const same = (value: Buffer) => value;
  const call = client.makeBidiStreamRequest(path, same, same, new Metadata());
  call.on('data', () => {});
  return new Promise((resolve) => {
    call.on('error', (error: ServiceError) => resolve({ code: error.code, error }));
    call.on('end', () => resolve({ code: status.OK, error: null }));
    call.end(bytes);
  });
}

test('bytes that are not HTTP/2, or invalid HTTP/2, do no harm', async () => {
  await using fixture = await ApiFixture.start({});
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
  const broken: (string | Buffer)[] = [
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    Buffer.alloc(100_000, 0xff),
    preface.slice(0, 10),
    Buffer.concat([Buffer.from(preface), Buffer.from([0xff, 0xff, 0xff, 4, 0, 0, 0, 0, 0])]),
    Buffer.concat([Buffer.from(preface), Buffer.from([0, 0, 4, 1, 4, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff])]),
    '',
  ];
  for (const bytes of broken) {
    const socket = connect(fixture.socket);
    socket.on('error', () => {});
    socket.resume();
    socket.end(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
  }
  const reset = connect(fixture.socket);
  await once(reset, 'connect');
  reset.write(preface);
  reset.destroy();
  await version(fixture);
});

test('an invalid message, an unknown method and an unknown field are answered correctly', async () => {
  await using fixture = await ApiFixture.start({ containers: { get: async () => containerView() } });
  const client = new Client(`unix:${fixture.socket}`, credentials.createInsecure());
  const get = '/liker.v1.ContainerService/GetContainer';
  assert.equal((await rawCall(client, get, Buffer.from([0xff, 0xff]))).code, status.INVALID_ARGUMENT);
  assert.equal(
    (await rawCall(client, '/liker.v1.ContainerService/Nothing', Buffer.alloc(0))).code,
    status.UNIMPLEMENTED,
  );
  // Field 1 "web", and field 4000 of a newer client.
  const known = Buffer.from([0x0a, 3, 0x77, 0x65, 0x62]);
  const unknown = Buffer.from([0x82, 0xfa, 0x01, 2, 1, 2]);
  assert.equal((await rawCall(client, get, Buffer.concat([unknown, known, unknown]))).code, status.OK);
  const empty = await rawCall(client, get, Buffer.alloc(0));
  assert.equal(empty.code, status.INVALID_ARGUMENT);
  assert.equal(detailsOf(empty.error)?.details.field, 'container');
  client.close();
});

test('a request that cannot be decoded is INVALID_ARGUMENT in every method', async () => {
  await using fixture = await ApiFixture.start({});
  using stack = new DisposableStack();
  const client = stack.adopt(new Client(`unix:${fixture.socket}`, credentials.createInsecure()), (opened) =>
    opened.close(),
  );
  const refused = async (path: string, streams: boolean, hex: string) => {
    const bytes = Buffer.from(hex, 'hex');
    const { code, error } = await (streams ? rawStream(client, path, bytes) : rawCall(client, path, bytes));
    assert.equal(code, status.INVALID_ARGUMENT, `${path}: ${hex}: ${error}`);
    assert.equal(detailsOf(error)?.details.reason, 'BAD_ARGUMENT', `${path}: ${hex}`);
    assert.match(String(error), /Cannot read the request of \w+: /);
  };
  const services = Object.values({ ...definitions, ...reflection, health }) as unknown as ServiceDefinition[];
  const methods = services.flatMap((service) => Object.values(service)).filter(({ path }) => path);
  assert.ok(methods.length > 30, `${methods.length} methods`);
  for (const { path, requestStream, responseStream } of methods) {
    // Field number 0, an invalid wire type, a group without an end.
    for (const hex of ['ff'.repeat(12), '0f', 'fb070801'])
      await refused(path, requestStream || responseStream, hex);
  }
  const containers = '/liker.v1.ContainerService';
  await refused(`${containers}/GetContainer`, false, '0a03ffffff'); // a text that is no UTF-8
  await refused(`${containers}/GetContainer`, false, '0a0577'); // one that is cut short
  await refused(`${containers}/CreateContainer`, false, '0a040a057765'); // by the message that it is in
  // 2^64 - 2 as a soft limit, which would become "unlimited".
  const [most, almost] = ['ffffffffffffffffff01', 'feffffffffffffffff01'];
  await refused(`${containers}/CreateContainer`, false, nested(['0a', '1a', '4a'], `10${almost}18${most}`));
});

/** A message within messages: each tag and the length of what follows before it. */
function nested(tags: readonly string[], hex: string): string {
  return tags.reduceRight(
    (inner, tag) => `${tag}${(inner.length / 2).toString(16).padStart(2, '0')}${inner}`,
    hex,
  );
}

test('a deadline that is none, and a message that is not compressed, are the fault of the client', async () => {
  await using fixture = await ApiFixture.start({});
  const session = connectHttp2('http://localhost', { createConnection: () => connect(fixture.socket) });
  const answer = async (headers: object, message: Buffer) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/liker.v1.SystemService/GetVersion',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const answers: Record<string, unknown> = {};
    const note = (sent: object) => void Object.assign(answers, sent);
    stream.on('response', note).on('trailers', note).resume().end(message);
    await once(stream, 'close');
    return Number(answers['grpc-status']);
  };
  try {
    const compressed = Buffer.from([1, 0, 0, 0, 3, 1, 2, 3]);
    assert.equal(await answer({ 'grpc-encoding': 'gzip' }, compressed), status.INVALID_ARGUMENT);
    assert.equal(await answer({ 'grpc-encoding': 'x' }, compressed), status.UNIMPLEMENTED);
    const plain = Buffer.alloc(5);
    assert.equal(await answer({ 'grpc-timeout': '1' }, plain), status.INVALID_ARGUMENT);
    assert.equal(await answer({ 'grpc-timeout': '10S', 'grpc-encoding': 'identity' }, plain), status.OK);
  } finally {
    session.destroy();
  }
});

test('a deadline may be arbitrarily distant, and an expired one prevents the call', async () => {
  let done = 0;
  await using fixture = await ApiFixture.start({
    containers: {
      pause: async () => {
        done += 1;
        // A deadline too far away for a timer would have passed by now: such a timer fires after 1 ms.
        await setTimeout(1);
        return containerView();
      },
    },
  });
  const http2 = connectHttp2('http://localhost', { createConnection: () => connect(fixture.socket) });
  const pause = async (timeout: string): Promise<string> => {
    const request = http2.request({
      ':method': 'POST',
      ':path': '/liker.v1.ContainerService/PauseContainer',
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': timeout,
      // Blanks, commas and nothing at all are values.
      'x-note': ' a,  b ',
      'x-empty': '',
    });
    let code = '';
    const take = (headers: Record<string, unknown>) => {
      code ||= String(headers['grpc-status'] ?? '');
    };
    request.on('response', take).on('trailers', take).resume();
    // PauseContainerRequest.container = "c".
    request.end(Buffer.from('00000000030a0163', 'hex'));
    await once(request, 'close');
    return code;
  };
  try {
    const days = 24;
    const far = ['600H', '720H', '1440H', '99999999H', '43200M', '2592000S', '99999999S', '2147483647m'];
    for (const timeout of [`${days * 24}H`, ...far]) assert.equal(await pause(timeout), '0', timeout);
    assert.equal(done, far.length + 1);
    for (const timeout of ['0n', '1n', '0S'])
      assert.equal(await pause(timeout), String(status.DEADLINE_EXCEEDED));
    assert.equal(await pause('60000m'), '0');
    assert.equal(done, far.length + 2, 'nothing was done after a deadline');
  } finally {
    http2.destroy();
  }
});

test('200 idle connections do not slow down the next one', async () => {
  await using fixture = await ApiFixture.start({});
  const idle: Socket[] = [];
  for (let index = 0; index < 200; index += 1) {
    const socket = connect(fixture.socket);
    await once(socket, 'connect');
    idle.push(socket);
  }
  await version(fixture);
  for (const socket of idle) socket.destroy();
});

test('the health service reports each service, and the shutdown', async () => {
  await using fixture = await ApiFixture.start({});
  using stack = new DisposableStack();
  const client = stack.adopt(new Client(`unix:${fixture.socket}`, credentials.createInsecure()), (opened) =>
    opened.close(),
  );
  const check = (service: string) =>
    rawCall(
      client,
      '/grpc.health.v1.Health/Check',
      Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]),
    );
  assert.equal(serviceNames.length, 13);
  for (const service of ['', ...serviceNames]) {
    const { code, bytes } = await check(service);
    assert.equal(code, status.OK, service);
    assert.deepEqual(bytes, Buffer.from([0x08, 1]), `${service} is SERVING`);
  }
  assert.equal((await check('liker.v1.Nothing')).code, status.NOT_FOUND);
});

test('both versions of reflection return files with all their imports', async () => {
  await using fixture = await ApiFixture.start({});
  const client = new Client(`unix:${fixture.socket}`, credentials.createInsecure());
  // ServerReflectionRequest.file_containing_symbol
  const symbol = 'liker.v1.ContainerService';
  const request = Buffer.concat([Buffer.from([0x22, symbol.length]), Buffer.from(symbol)]);
  for (const versionName of ['v1', 'v1alpha']) {
    const call = client.makeBidiStreamRequest(
      `/grpc.reflection.${versionName}.ServerReflection/ServerReflectionInfo`,
      (value: Buffer) => value,
      (value: Buffer) => value,
      new Metadata(),
    );
    call.write(request);
    const [response] = (await once(call, 'data')) as [Buffer];
    call.end();
    for (const file of [
      'liker/v1/container_service.proto',
      'liker/v1/process.proto',
      'google/protobuf/timestamp.proto',
    ]) {
      assert.ok(response.includes(file), `${versionName}: ${file}`);
    }
    await once(call, 'end');
  }
  client.close();
});

test('the socket is accessible only to root and its group', async () => {
  await using fixture = await ApiFixture.start({});
  assert.equal(statSync(fixture.socket).mode & 0o777, 0o660);
  const umask = process.umask();
  assert.notEqual(umask, 0o177, 'the umask is as it was');
  const path = join(fixture.folder, 'own.sock');
  const own = await claimSocket({ path, peerCredentials, env: {}, group: null });
  assert.equal(statSync(path).mode & 0o777, 0o600, 'without a group');
  own.close();
});

test('a second daemon learns which process is serving; a stale socket is replaced, other files are not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-socket-'));
  const path = join(folder, 'x.sock');
  const first = await claimSocket({ path, peerCredentials, env: {}, group: null });
  await assert.rejects(
    claimSocket({ path, peerCredentials, env: {}, group: null }),
    (error) =>
      error instanceof LikerError && error.reason === 'ALREADY_RUNNING' && /pid 4321/.test(error.message),
  );
  first.close();
  // A socket whose process is gone: bound, never unlinked.
  await new Promise<void>((resolve, reject) => {
    const script = `const s = require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    import('node:child_process').then(({ execFile }) => {
      execFile(process.execPath, ['-e', script, path], (error) =>
        error?.signal === 'SIGKILL' ? resolve() : reject(error),
      );
    }, reject);
  });
  assert.ok(statSync(path).isSocket(), 'the stale socket is there');
  (await claimSocket({ path, peerCredentials, env: {}, group: null })).close();
  const file = join(folder, 'file');
  writeFileSync(file, 'precious');
  await assert.rejects(claimSocket({ path: file, peerCredentials, env: {}, group: null }), /not a socket/);
  assert.equal(statSync(file).size, 8);
  rmSync(folder, { recursive: true });
});

test('connections made before the engine is ready are served afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-early-'));
  const path = join(folder, 'x.sock');
  const listener = await claimSocket({ path, peerCredentials, env: {}, group: null });
  const early = connect(path);
  await once(early, 'connect');
  early.write('hello');
  const echo = Promise.withResolvers<string>();
  // No byte of a connection was read in the meantime.
  await new Promise((resolve) =>
    createServer().listen(join(folder, 'y.sock'), function (this: ReturnType<typeof createServer>) {
      this.close(resolve);
    }),
  );
  listener.serve((socket) => {
    socket.on('data', (data) => echo.resolve(String(data)));
    socket.resume();
  });
  assert.equal(await echo.promise, 'hello');
  early.destroy();
  listener.close();
  rmSync(folder, { recursive: true });
});
