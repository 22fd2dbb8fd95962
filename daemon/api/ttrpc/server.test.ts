import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { LikerError } from '../../../common/errors.ts';
import { decodeStatus } from '../../../common/rpc-status.ts';
import {
  encodeFrame,
  type Frame,
  FrameReader,
  frameFlags,
  frameTypes,
} from '../../../common/ttrpc/frames.ts';
import { decodeResponse, encodeRequest } from '../../../common/ttrpc/messages.ts';
import { v1 } from '../../../test/harness/services.ts';
import { ApiFixture, testPeer } from '../../test/api-fixture.ts';
import { containerView, FakeSession } from '../../test/fake-engine.ts';

const patience = { timeout: 30_000 };
const codes = { ok: 0, invalid: 3, late: 4, notFound: 5, tooLarge: 8, unimplemented: 12, unavailable: 14 };

/** A client that sends what it likes. */
class Peer implements Disposable {
  readonly socket: Socket;
  readonly #reader = new FrameReader();
  readonly #frames: Frame[] = [];

  constructor(fixture: ApiFixture) {
    this.socket = connect(fixture.socket);
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk: Buffer) => this.#frames.push(...this.#reader.push(chunk)));
  }

  /** Not once(), which rejects with the error of what was written too late. */
  closed(): Promise<void> {
    return new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  send(stream: number, type: number, flags: number, data: Uint8Array = Buffer.alloc(0)): void {
    this.socket.write(encodeFrame(stream, type, flags, data));
  }

  request(stream: number, path: string, payload: Buffer | null, { flags = 0, timeoutNano = 0 } = {}): void {
    this.send(stream, frameTypes.request, flags, encodeRequest({ path, payload, timeoutNano }));
  }

  async next(): Promise<Frame> {
    while (this.#frames.length === 0) await once(this.socket, 'data');
    return this.#frames.shift() as Frame;
  }

  /** The status of the next frame, which is the end of a call. */
  async status() {
    const { type, stream, data } = await this.next();
    assert.equal(type, frameTypes.response);
    const { status, payload } = decodeResponse(data);
    return { stream, payload, ...((status && decodeStatus(status)) ?? { code: codes.ok }) };
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

const { GetContainer, WaitContainer } = v1.ContainerService.service;
const { Run } = v1.SessionService.service;
const get = (container: string) => Buffer.from(GetContainer.requestSerialize({ container }));

test('a call is answered, and logged with the peer of its connection', patience, async () => {
  await using fixture = await ApiFixture.start({ containers: { get: async () => containerView() } });
  using peer = new Peer(fixture);
  peer.request(1, GetContainer.path, get('web'));
  const { stream, payload, code } = await peer.status();
  assert.deepEqual([stream, code], [1, codes.ok]);
  const { container } = GetContainer.responseDeserialize(Buffer.from(payload)) as never as {
    container: { id: string };
  };
  assert.equal(container.id, containerView().id);
  const line = fixture.log.find(({ fields }) => fields['method'] === 'GetContainer');
  assert.deepEqual([line?.fields['peerPid'], line?.fields['peerUid']], [testPeer.pid, testPeer.uid]);
});

test("an error's status has the same details as by gRPC", patience, async () => {
  const error = new LikerError('CONTAINER_NOT_FOUND', 'No such container: web', {
    metadata: { container: 'web' },
  });
  await using fixture = await ApiFixture.start({ containers: { get: () => Promise.reject(error) } });
  using peer = new Peer(fixture);
  peer.request(1, GetContainer.path, get('web'));
  const { stream: _, payload: __, ...status } = await peer.status();
  const byGrpc = await new Promise((resolve) =>
    fixture.client('ContainerService').getContainer({ container: 'web' }, (thrown) => {
      const [bytes] = thrown?.metadata.get('grpc-status-details-bin') ?? [];
      resolve(decodeStatus(bytes as Buffer));
    }),
  );
  assert.deepEqual(status, byGrpc);
  assert.equal(status.code, codes.notFound);
});

test('what is no call is refused by its stream, and the connection goes on', patience, async () => {
  await using fixture = await ApiFixture.start({ containers: { get: async () => containerView() } });
  using peer = new Peer(fixture);
  peer.request(2, GetContainer.path, get('web'));
  peer.request(5, '/liker.v1.ContainerService/Nothing', null);
  peer.request(5, GetContainer.path, get('web'));
  peer.request(3, GetContainer.path, get('web'));
  peer.send(7, frameTypes.request, 0, Buffer.from([0xff]));
  peer.request(9, GetContainer.path, Buffer.from([0xff]));
  peer.send(9, frameTypes.data, 0, get('web'));
  peer.send(99, frameTypes.data, frameFlags.remoteClosed);
  peer.send(11, 77, 0);
  peer.request(13, GetContainer.path, get('web'));
  const seen = new Map<number, number[]>();
  for (let index = 0; index < 7; index++) {
    const { stream, code } = await peer.status();
    seen.set(stream, [...(seen.get(stream) ?? []), code]);
  }
  assert.deepEqual(Object.fromEntries(seen), {
    2: [codes.invalid],
    3: [codes.invalid],
    5: [codes.unimplemented, codes.invalid],
    7: [codes.invalid],
    9: [codes.invalid],
    13: [codes.ok],
  });
});

test(
  'a frame that is too large is refused by name, and bytes of no protocol end the connection',
  patience,
  async () => {
    await using fixture = await ApiFixture.start({});
    using large = new Peer(fixture);
    const head = Buffer.from(encodeFrame(1, frameTypes.request, 0, Buffer.alloc(0)));
    head.writeUInt32BE(0, 0);
    large.request(1, GetContainer.path, null);
    await large.status();
    head.writeUInt32BE(3, 4);
    head.writeUInt32BE(2 ** 24, 0);
    large.socket.write(head);
    const { stream, code } = await large.status();
    assert.deepEqual([stream, code], [3, codes.tooLarge]);
    await large.closed();
    using wrong = new Peer(fixture);
    wrong.socket.write(Buffer.alloc(20));
    await wrong.closed();
  },
);

test('a deadline ends a call with its status, and its signal tells the handler', patience, async () => {
  const aborted = Promise.withResolvers<void>();
  await using fixture = await ApiFixture.start({
    containers: {
      wait: (_container, _condition, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            aborted.resolve();
            reject(signal.reason);
          });
        }),
    },
  });
  using peer = new Peer(fixture);
  const request = Buffer.from(WaitContainer.requestSerialize({ container: 'web' }));
  // Beyond 32 bits, and beyond the reach of a timer: neither has passed.
  peer.request(1, WaitContainer.path, request, { timeoutNano: 2 ** 52 });
  peer.request(3, WaitContainer.path, request, { timeoutNano: 200e6 });
  const { stream, code } = await peer.status();
  assert.deepEqual([stream, code], [3, codes.late]);
  await aborted.promise;
});

test(
  'a session carries frames both ways; the end of its connection is the loss of its client',
  patience,
  async () => {
    const opened = Promise.withResolvers<FakeSession>();
    await using fixture = await ApiFixture.start({
      sessions: {
        run: async (_spec, _options, sink) => {
          const session = new FakeSession(sink);
          opened.resolve(session);
          return session;
        },
      },
    });
    const peer = new Peer(fixture);
    peer.request(1, Run.path, null, { flags: frameFlags.remoteOpen });
    const start = { spec: { rootfs: { directory: '/' }, process: { args: ['cat'] } } };
    peer.send(1, frameTypes.data, 0, Buffer.from(Run.requestSerialize({ start })));
    const session = await opened.promise;
    session.ready();
    const { type, data } = await peer.next();
    assert.equal(type, frameTypes.data);
    const { output } = Run.responseDeserialize(data) as never as { output: { frame: string } };
    assert.equal(output.frame, 'ready');
    // The client sends no more on the stream; likerd reads on what else comes, and sees that it is gone.
    peer.send(1, frameTypes.data, frameFlags.remoteClosed | frameFlags.noData);
    for (const stream of [3, 5]) {
      peer.request(stream, '/liker.v1.SessionService/Nothing', null);
      assert.equal((await peer.status()).stream, stream);
    }
    peer.socket.destroy();
    await session.gone;
    assert.equal(session.lostCount, 1);
  },
);

test(
  'a stream is sent no faster than its client reads, and a shutdown ends it with its status',
  patience,
  async () => {
    let sent = 0;
    await using fixture = await ApiFixture.start({
      files: {
        export: async function* () {
          for (;;) {
            sent += 1;
            yield Buffer.alloc(65_536);
          }
        },
      },
    });
    using peer = new Peer(fixture);
    peer.socket.pause();
    const { ExportFiles } = v1.FileService.service;
    const flags = frameFlags.remoteClosed;
    peer.request(1, ExportFiles.path, Buffer.from(ExportFiles.requestSerialize({ container: 'web' })), {
      flags,
    });
    // Once two turns in a row have sent nothing, it waits.
    for (let before = -1; before !== sent || sent === 0; ) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(sent < 100, `${sent} messages are on their way to a client that reads none`);
    fixture.api.endCalls();
    peer.socket.resume();
    let last = await peer.next();
    while (last.type === frameTypes.data) last = await peer.next();
    const { status } = decodeResponse(last.data);
    assert.equal(status && decodeStatus(status)?.details.reason, 'SHUTTING_DOWN');
    const closed = once(peer.socket, 'close');
    await fixture.api.close();
    await closed;
  },
);
