// Encodes requests of netlink(7), and decodes the kernel's answers.
import { getSystemErrorName } from 'node:util';

/** Message types (linux/netlink.h, linux/rtnetlink.h). */
export const message = {
  error: 2,
  done: 3,
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  deleteNeighbour: 29,
  getNeighbour: 30,
  newQdisc: 36,
  deleteQdisc: 37,
  getQdisc: 38,
  newClass: 40,
  getClass: 42,
  newFilter: 44,
} as const;

export const flag = {
  request: 1,
  acknowledge: 4,
  dump: 0x300,
  replace: 0x100,
  /** With `create`: it may not exist yet. */
  exclusive: 0x200,
  create: 0x400,
} as const;

/** Protocols of netlink: of links, addresses, routes and queues, and of netfilter. */
export const family = { route: 0, netfilter: 12 } as const;

const headerBytes = 16;
const errorBytes = 4;
/** NLMSGERR_ATTR_MSG: the kernel's message. */
const attributeOfText = 1;
const capped = 0x100;
const hasAttributes = 0x200;

const aligned = (bytes: number): number => (bytes + 3) & ~3;

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

/** From the pool of Node.js, unlike Buffer.alloc: a start has dozens. */
function zeros(size: number): Buffer {
  return Buffer.allocUnsafe(size).fill(0);
}

function sizeOf(attributes: readonly Attribute[]): number {
  let size = 0;
  for (const { value } of attributes) size += aligned(4 + value.length);
  return size;
}

function writeAttributes(bytes: Buffer, from: number, attributes: readonly Attribute[]): void {
  let at = from;
  for (const { type, value } of attributes) {
    bytes.writeUInt16LE(4 + value.length, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.set(value, at + 4);
    at += aligned(4 + value.length);
  }
}

/** Encodes attributes as the value of a nested one. */
export function nested(attributes: readonly Attribute[]): Buffer {
  const bytes = zeros(sizeOf(attributes));
  writeAttributes(bytes, 0, attributes);
  return bytes;
}

export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

export interface Request {
  readonly type: number;
  readonly flags: number;
  /** The fixed structure that follows the header, such as struct tcmsg. */
  readonly body: Uint8Array;
  readonly attributes?: readonly Attribute[];
}

/** Encodes one request, with its number. */
export function encodeRequest({ type, flags, body, attributes = [] }: Request, number = 1): Buffer {
  const bytes = zeros(headerBytes + body.length + sizeOf(attributes));
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags | flag.request, 6);
  bytes.writeUInt32LE(number, 8);
  bytes.set(body, headerBytes);
  writeAttributes(bytes, headerBytes + body.length, attributes);
  return bytes;
}

/** Encodes requests, numbered from 1. */
export function encodeRequests(requests: readonly Request[]): Buffer {
  return Buffer.concat(requests.map((request, index) => encodeRequest(request, index + 1)));
}

export interface Answer {
  readonly type: number;
  /** The number of its request, from 1. */
  readonly request: number;
  readonly payload: Buffer;
}

/** What the kernel refused. */
export interface Refusal {
  readonly request: number;
  readonly errno: string;
  /** The kernel's message; empty if it has none. */
  readonly words: string;
}

/** The attributes from an offset on, by type without the flags for nesting and byte order. */
export function attributesOf(payload: Buffer, from: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = from; at + 4 <= payload.length; ) {
    const length = payload.readUInt16LE(at);
    if (length < 4 || at + length > payload.length) break;
    found.set(payload.readUInt16LE(at + 2) & 0x3fff, payload.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return found;
}

function refusal(request: number, flags: number, payload: Buffer): Refusal {
  const errno = getSystemErrorName(payload.readInt32LE(0));
  // The answer repeats the refused request, only its header if capped, and then has the attributes.
  const length = (flags & capped) === 0 ? payload.readUInt32LE(errorBytes) : headerBytes;
  const words =
    (flags & hasAttributes) === 0
      ? undefined
      : attributesOf(payload, errorBytes + aligned(length)).get(attributeOfText);
  return { request, errno, words: words === undefined ? '' : words.toString('utf8').replace(/\0.*$/s, '') };
}

/** The kernel's answers, and its refusal, if any. */
export function decodeAnswers(bytes: Buffer): { answers: Answer[]; refused: Refusal | null } {
  const answers: Answer[] = [];
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    if (length < headerBytes || at + length > bytes.length) break;
    const type = bytes.readUInt16LE(at + 4);
    const request = bytes.readUInt32LE(at + 8);
    const payload = bytes.subarray(at + headerBytes, at + length);
    if (type === message.error && payload.readInt32LE(0) !== 0) {
      return { answers, refused: refusal(request, bytes.readUInt16LE(at + 6), payload) };
    }
    if (type !== message.error && type !== message.done) answers.push({ type, request, payload });
    at += aligned(length);
  }
  return { answers, refused: null };
}
