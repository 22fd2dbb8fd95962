import { once } from 'node:events';
import { Socket } from 'node:net';
import { frameHeader, fromShim, noBound, shimProtocol, toShim } from '../../common/shim/protocol.ts';

/** A frame of the shim, with its payload as bytes. */
export interface Frame {
  readonly type: number;
  readonly stream: number;
  readonly process: number;
  readonly payload: Buffer;
}

export interface Exit {
  readonly code: number;
  readonly signal: number;
  readonly core: number;
  readonly stdout: bigint;
  readonly stderr: bigint;
  readonly cut: number;
}

export interface Failure {
  readonly step: number;
  readonly errno: number;
  readonly name: string;
  readonly call: string;
  readonly object: string;
}

export interface ProcessState {
  readonly process: number;
  readonly state: number;
  readonly tty: boolean;
  readonly pid: number;
  readonly produced: readonly [bigint, bigint];
  readonly limits: readonly [bigint, bigint];
  readonly exit: Exit | null;
}

export interface Snapshot {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Offset of the first byte of stdout. */
  readonly from: bigint;
  readonly ends: readonly [bigint, bigint];
}

function readExit(payload: Buffer): Exit {
  return {
    code: payload.readInt32LE(0),
    signal: payload.readInt32LE(4),
    core: payload.readUInt32LE(8),
    stdout: payload.readBigUInt64LE(20),
    stderr: payload.readBigUInt64LE(28),
    cut: payload.readUInt32LE(36),
  };
}

function readFailure(payload: Buffer): Failure {
  const texts: string[] = [];
  let at = 8;
  while (texts.length < 3) {
    const length = payload.readUInt32LE(at);
    texts.push(payload.toString('utf8', at + 4, at + 4 + length));
    at += 5 + length;
  }
  const [name = '', call = '', object = ''] = texts;
  return { step: payload.readUInt32LE(0), errno: payload.readInt32LE(4), name, call, object };
}

function readState(payload: Buffer): ProcessState[] {
  const states: ProcessState[] = [];
  let at = 12;
  for (let left = payload.readUInt32LE(8); left > 0; left--) {
    const state = payload.readUInt32LE(at + 4);
    states.push({
      process: payload.readUInt32LE(at),
      state,
      tty: payload.readUInt32LE(at + 8) === 1,
      pid: payload.readUInt32LE(at + 12),
      produced: [payload.readBigUInt64LE(at + 32), payload.readBigUInt64LE(at + 40)],
      limits: [payload.readBigUInt64LE(at + 48), payload.readBigUInt64LE(at + 56)],
      exit: state === 3 ? readExit(payload.subarray(at + 64)) : null,
    });
    at += state === 3 ? 64 + 40 : 64;
  }
  return states;
}

function u32(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) buffer.writeUInt32LE(value >>> 0, i * 4);
  return buffer;
}

function u64(...values: bigint[]): Buffer {
  const buffer = Buffer.alloc(values.length * 8);
  for (const [i, value] of values.entries()) buffer.writeBigUInt64LE(value, i * 8);
  return buffer;
}

/** The daemon's side of a connection to a shim. Keeps every frame, in order. */
export class Peer {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<void>;
  #pending: Buffer = Buffer.alloc(0);
  #waiters: (() => void)[] = [];
  #ended = false;
  #request = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#ended = true;
        this.#wake();
        resolve();
      });
    });
  }

  static async connect(path: string): Promise<Peer> {
    const socket = new Socket();
    socket.connect({ path });
    await once(socket, 'connect');
    return new Peer(socket);
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  #receive(bytes: Buffer): void {
    let rest = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
      const end = 4 + rest.readUInt32LE(0);
      this.frames.push({
        type: rest.readUInt8(4),
        stream: rest.readUInt8(5),
        process: rest.readUInt32LE(8),
        payload: rest.subarray(frameHeader, end),
      });
      rest = rest.subarray(end);
    }
    this.#pending = rest;
    this.#wake();
  }

  /** The first frame from `since` on that matches. Fails if the connection ends first. */
  async until(matches: (frame: Frame) => boolean, since = 0): Promise<Frame> {
    for (let i = since; ; i++) {
      while (i >= this.frames.length) {
        if (this.#ended) throw new Error('The shim closed the connection');
        await new Promise<void>((resolve) => this.#waiters.push(resolve));
      }
      const frame = this.frames[i];
      if (frame && matches(frame)) return frame;
    }
  }

  send(type: number, process: number, payload: Buffer = Buffer.alloc(0), stream = 0): void {
    const header = Buffer.alloc(frameHeader);
    header.writeUInt32LE(frameHeader - 4 + payload.length, 0);
    header.writeUInt8(type, 4);
    header.writeUInt8(stream, 5);
    header.writeUInt32LE(process, 8);
    this.socket.write(Buffer.concat([header, payload]));
  }

  async hello(): Promise<ProcessState[]> {
    const since = this.frames.length;
    this.send(toShim.hello, 0, u32(shimProtocol));
    return readState((await this.until((frame) => frame.type === fromShim.state, since)).payload);
  }

  exec(process: number, plan: Buffer): void {
    this.send(toShim.exec, process, plan);
  }

  stdin(process: number, session: bigint, offset: bigint, bytes: Uint8Array | string): void {
    this.send(toShim.stdin, process, Buffer.concat([u64(session, offset), Buffer.from(bytes)]));
  }

  closeStdin(process: number, session = 1n): void {
    this.send(toShim.closeStdin, process, u64(session));
  }

  /** The acknowledgement of at least `offset`. */
  async acked(process: number, session: bigint, offset: bigint): Promise<bigint> {
    const frame = await this.until(
      ({ type, process: of, payload }) =>
        type === fromShim.stdinAck &&
        of === process &&
        payload.readBigUInt64LE(0) === session &&
        payload.readBigUInt64LE(8) >= offset,
    );
    return frame.payload.readBigUInt64LE(8);
  }

  resize(process: number, columns: number, rows: number): void {
    const payload = Buffer.alloc(8);
    payload.writeUInt16LE(columns, 0);
    payload.writeUInt16LE(rows, 2);
    this.send(toShim.resize, process, payload);
  }

  signal(process: number, signal: number, scope: 0 | 1 = 0): void {
    this.send(toShim.signal, process, u32(signal, scope));
  }

  limit(process: number, stream: number, offset: bigint): void {
    this.send(toShim.limit, process, u64(offset), stream);
  }

  taken(process: number): void {
    this.send(toShim.taken, process);
  }

  async stdinOffset(process: number, session: bigint): Promise<bigint> {
    const since = this.frames.length;
    this.send(toShim.stdinOffset, process, u64(session));
    const answer = await this.until(
      ({ type, payload }) => type === fromShim.stdinAck && payload.readBigUInt64LE(0) === session,
      since,
    );
    return answer.payload.readBigUInt64LE(8);
  }

  async snapshot(process: number, stdout: bigint, stderr = noBound): Promise<Snapshot> {
    const request = ++this.#request;
    const since = this.frames.length;
    this.send(toShim.snapshot, process, Buffer.concat([u32(request), u64(stdout, stderr)]));
    const end = await this.until(
      ({ type, payload }) => type === fromShim.snapshotEnd && payload.readUInt32LE(0) === request,
      since,
    );
    const parts = this.frames.filter(
      ({ type, payload }) => type === fromShim.snapshotData && payload.readUInt32LE(0) === request,
    );
    const of = (stream: number) =>
      Buffer.concat(
        parts.filter((part) => part.stream === stream).map(({ payload }) => payload.subarray(12)),
      );
    const first = parts.find((part) => part.stream === 1);
    return {
      stdout: of(1),
      stderr: of(2),
      from: first ? first.payload.readBigUInt64LE(4) : 0n,
      ends: [end.payload.readBigUInt64LE(4), end.payload.readBigUInt64LE(12)],
    };
  }

  /** The pid, once exec has happened. */
  async started(process = 0): Promise<number> {
    const frame = await this.until(
      ({ type, process: of }) => of === process && (type === fromShim.started || type === fromShim.failed),
    );
    if (frame.type === fromShim.failed) {
      throw new Error(`Not started: ${JSON.stringify(readFailure(frame.payload))}`);
    }
    return frame.payload.readUInt32LE(0);
  }

  async failed(process = 0): Promise<Failure> {
    const frame = await this.until(
      ({ type, process: of }) => of === process && (type === fromShim.started || type === fromShim.failed),
    );
    if (frame.type === fromShim.started) throw new Error('It started');
    return readFailure(frame.payload);
  }

  async exit(process = 0): Promise<Exit> {
    const isEnd = ({ type, process: of }: Frame) =>
      of === process && (type === fromShim.exit || type === fromShim.failed);
    const frame = await this.until(isEnd);
    if (frame.type === fromShim.failed) {
      throw new Error(`Not started: ${JSON.stringify(readFailure(frame.payload))}`);
    }
    return readExit(frame.payload);
  }

  /** The bytes of a stream from its DATA frames. Checks that the offsets leave no gap. */
  output(process = 0, stream = 1): Buffer {
    const parts: Buffer[] = [];
    let next: bigint | undefined;
    for (const frame of this.frames) {
      if (frame.type !== fromShim.data || frame.process !== process || frame.stream !== stream) continue;
      const offset = frame.payload.readBigUInt64LE(0);
      if (next !== undefined && offset !== next)
        throw new Error(`DATA at ${offset} where ${next} was expected`);
      parts.push(frame.payload.subarray(8));
      next = offset + BigInt(frame.payload.length - 8);
    }
    return Buffer.concat(parts);
  }

  text(process = 0, stream = 1): string {
    return this.output(process, stream).toString();
  }

  /** Waits until the output matches. */
  async outputMatches(pattern: RegExp, process = 0, stream = 1): Promise<string> {
    if (!pattern.test(this.text(process, stream)))
      await this.until(
        (frame) => frame.type === fromShim.data && pattern.test(this.text(process, stream)),
        0,
      );
    return this.text(process, stream);
  }
}
