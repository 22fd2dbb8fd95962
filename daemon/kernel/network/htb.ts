// The hierarchical token bucket of tc(8), in the form of rtnetlink (linux/pkt_sched.h).
import {
  type Answer,
  type Attribute,
  attributesOf,
  flag,
  message,
  nested,
  type Request,
  text,
} from './netlink.ts';

/** Guarantees `rateBits` a second and, if the link has capacity left, allows up to `ceilBits`. */
export interface Rate {
  readonly rateBits: number;
  readonly ceilBits: number;
}

/** Tells Liker's queues from others: "LK". */
const major = 0x4c4b;
const qdiscHandle = major * 0x10000;
const rootClass = qdiscHandle + 1;
const leafClass = qdiscHandle + 2;
const rootOfDevice = 0xffff_ffff;

const attribute = { kind: 1, options: 2 } as const;
const htb = { parameters: 1, init: 2, rate64: 6, ceil64: 7 } as const;
const htbVersion = 3;
const ethernet = 1;
const tcBytes = 20;

/** struct tcmsg. `info`: of a filter, its priority and protocol. */
export function tcMessage(index: number, handle: number, parent: number, info = 0): Buffer {
  const body = Buffer.alloc(tcBytes);
  body.writeInt32LE(index, 4);
  body.writeUInt32LE(handle, 8);
  body.writeUInt32LE(parent, 12);
  body.writeUInt32LE(info, 16);
  return body;
}

function optionsOf(values: readonly Attribute[]): Attribute[] {
  return [
    { type: attribute.kind, value: text('htb') },
    { type: attribute.options, value: nested(values) },
  ];
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** A burst is what is sent in 10 ms, and at least two packets. */
const burstSeconds = 0.01;
const leastBurstBytes = 3028;
/** The kernel measures a bucket by the time that it takes to fill, in ticks of 64 ns. */
const tickSeconds = 64e-9;
/** Bytes that one class sends before the next one may. The kernel warns outside this range. */
const quantumRange = [1514, 200_000] as const;
const most32 = 0xffff_ffff;

function bucketTicks(bytesPerSecond: number): number {
  const bytes = Math.max(bytesPerSecond * burstSeconds, leastBurstBytes);
  return Math.min(most32, Math.ceil(bytes / bytesPerSecond / tickSeconds));
}

/** struct tc_htb_opt: two of struct tc_ratespec, the buckets and the quantum. Rates are in bytes. */
function classOptions(rate: number, ceil: number): Attribute[] {
  const options = Buffer.alloc(44);
  for (const [at, value] of [
    [0, rate],
    [12, ceil],
  ] as const) {
    options.writeUInt8(ethernet, at + 1);
    options.writeUInt32LE(Math.min(value, most32), at + 8);
  }
  options.writeUInt32LE(bucketTicks(rate), 24);
  options.writeUInt32LE(bucketTicks(ceil), 28);
  options.writeUInt32LE(Math.min(Math.max(Math.floor(rate / 10), quantumRange[0]), quantumRange[1]), 32);
  return optionsOf([
    { type: htb.parameters, value: options },
    { type: htb.rate64, value: u64(rate) },
    { type: htb.ceil64, value: u64(ceil) },
  ]);
}

const change = flag.acknowledge | flag.create;

/** Makes the queue, with the leaf as its default class. */
function qdiscRequest(index: number): Request {
  const init = Buffer.alloc(20);
  init.writeUInt32LE(htbVersion, 0);
  init.writeUInt32LE(10, 4); // rate to quantum: not used, since each class has its own
  init.writeUInt32LE(leafClass - qdiscHandle, 8);
  return {
    type: message.newQdisc,
    flags: change | flag.replace,
    body: tcMessage(index, qdiscHandle, rootOfDevice),
    attributes: optionsOf([{ type: htb.init, value: init }]),
  };
}

/** Makes a class, or changes it. */
function classRequest(
  index: number,
  handle: number,
  parent: number,
  bytes: readonly [number, number],
): Request {
  return {
    type: message.newClass,
    flags: change,
    body: tcMessage(index, handle, parent),
    attributes: classOptions(...bytes),
  };
}

const toBytes = (bits: number): number => Math.max(1, Math.round(bits / 8));

/** Limits an interface to a rate. `isThere`: the queue is Liker's already, and only its classes change. */
export function rateRequests(index: number, { rateBits, ceilBits }: Rate, isThere: boolean): Request[] {
  const [rate, ceil] = [toBytes(rateBits), toBytes(ceilBits)];
  return [
    ...(isThere ? [] : [qdiscRequest(index)]),
    classRequest(index, rootClass, qdiscHandle, [ceil, ceil]),
    classRequest(index, leafClass, rootClass, [rate, ceil]),
  ];
}

export function removalRequest(index: number): Request {
  return {
    type: message.deleteQdisc,
    flags: flag.acknowledge,
    body: tcMessage(index, qdiscHandle, rootOfDevice),
  };
}

export function classesRequest(index: number): Request {
  return { type: message.getClass, flags: flag.dump, body: tcMessage(index, 0, 0) };
}

export const qdiscsRequest: Request = {
  type: message.getQdisc,
  flags: flag.dump,
  body: tcMessage(0, 0, 0),
};

/** The queue that an interface sends through. */
export interface RootQdisc {
  readonly index: number;
  readonly kind: string;
  /** none: the kernel's default queue; ours: Liker's. */
  readonly owner: 'none' | 'ours' | 'other';
}

/** The root queue of each interface, from the answers to {@link qdiscsRequest}. */
export function rootQdiscs(answers: readonly Answer[]): RootQdisc[] {
  return answers
    .filter(({ type, payload }) => type === message.newQdisc && payload.readUInt32LE(12) === rootOfDevice)
    .map(({ payload }) => {
      const handle = payload.readUInt32LE(8);
      const kind = attributesOf(payload, tcBytes).get(attribute.kind)?.toString('latin1') ?? '';
      const owner = handle === 0 ? 'none' : handle === qdiscHandle ? 'ours' : 'other';
      return { index: payload.readInt32LE(4), kind: kind.replace(/\0.*$/s, ''), owner };
    });
}

function rate64(options: Map<number, Buffer>, wide: number, at: number): number {
  const large = options.get(wide);
  // The kernel omits the 64-bit value if 32 bits are enough.
  return large ? Number(large.readBigUInt64LE()) : (options.get(htb.parameters)?.readUInt32LE(at + 8) ?? 0);
}

/** The current rate, from the answers to {@link classesRequest}; null if there is none. */
export function rateOf(answers: readonly Answer[]): Rate | null {
  const leaf = answers.find(
    ({ type, payload }) => type === message.newClass && payload.readUInt32LE(8) === leafClass,
  );
  const options = leaf && attributesOf(leaf.payload, tcBytes).get(attribute.options);
  if (!options) return null;
  const values = attributesOf(options, 0);
  return { rateBits: 8 * rate64(values, htb.rate64, 0), ceilBits: 8 * rate64(values, htb.ceil64, 12) };
}
