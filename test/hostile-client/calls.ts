import { type Known, type Method, message, methods, mutated, specRequest } from '../../fuzz/messages.ts';
import type { Random } from '../../fuzz/random.ts';
import { framed, type RawCall } from './call.ts';

/** Methods that may take as long as a container or a client likes. */
const patient = new Set([
  ...['WaitContainer', 'StopContainer', 'RestartContainer', 'RunHealthCheck', 'ExecSync', 'GetStats'],
]);

/** Longer than any other call may take: one that takes it hangs. */
export const hangMs = 60_000;

function patienceFor(method: Method, random: Random): number {
  const lasts = method.streamsRequests || method.streamsResponses || patient.has(method.name);
  return lasts ? 1 + random.below(150) : hangMs;
}

function requestOf(method: Method, random: Random, known: Known, base: object): Buffer {
  if (method.name === 'CreateContainer' && !random.oneIn(3))
    return specRequest('CreateContainerRequest', random, known, base);
  return message(method.request, random, known);
}

/** A call with one message, which may be changed. */
function plainCall(random: Random, known: Known, base: object): RawCall {
  const method = random.pick(methods);
  const valid = requestOf(method, random, known, base);
  const bytes = random.oneIn(3)
    ? mutated(valid, random, message(random.pick(methods).request, random, known))
    : valid;
  const leaves = random.oneIn(15);
  return {
    path: method.path,
    chunks: [framed(bytes)],
    ends: !leaves || random.oneIn(2),
    patienceMs: leaves ? 1 + random.below(50) : patienceFor(method, random),
  };
}

/** Frames of a session in any order, some in pieces. */
function sessionCall(random: Random, known: Known, base: object): RawCall {
  const method = random.pick(methods.filter(({ streamsRequests }) => streamsRequests));
  const parts = Array.from({ length: random.below(8) }, (_, index) => {
    const isStart = index === 0 && method.name === 'Run' && !random.oneIn(4);
    const start = isStart ? specRequest('RunStart', random, known, base) : null;
    const bytes = start ? Buffer.concat([lengthDelimited(1, start)]) : message(method.request, random, known);
    return framed(random.oneIn(6) ? mutated(bytes, random, bytes) : bytes);
  });
  const all = Buffer.concat(parts);
  const cut = random.below(all.length + 1);
  return {
    path: method.path,
    chunks: random.oneIn(3) ? [all.subarray(0, cut), all.subarray(cut)] : parts,
    ends: random.oneIn(2),
    patienceMs: 1 + random.below(300),
    resets: random.oneIn(10),
    isDeaf: random.oneIn(8),
  };
}

/** Field 1 of a message, with these bytes. */
function lengthDelimited(field: number, bytes: Buffer): Buffer {
  const head = [(field << 3) | 2];
  let length = bytes.length;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  return Buffer.concat([Buffer.from([...head, length]), bytes]);
}

/** Headers and framing that no library sends. */
function crookedCall(random: Random, known: Known): RawCall {
  const method = random.pick(methods);
  const bytes = message(method.request, random, known);
  const call = { path: method.path, chunks: [framed(bytes)], ends: true, patienceMs: 500 };
  switch (random.below(12)) {
    case 0:
      return { ...call, headers: { 'content-type': random.pick(['text/plain', 'application/json', '']) } };
    case 1:
      return { ...call, headers: { ':method': random.pick(['GET', 'PUT', 'OPTIONS']) } };
    case 2:
      return {
        ...call,
        path: random.pick(['/', '/liker.v1.Nothing/Get', `${method.path}x`, '/a/b/c', '/%00/%ff']),
      };
    case 3:
      return {
        ...call,
        headers: { 'grpc-timeout': random.pick(['1n', '0S', '99999999H', '-1S', 'x', '1']) },
      };
    case 4:
      return {
        ...call,
        headers: { 'grpc-encoding': random.pick(['gzip', 'deflate', 'br', 'identity', 'x']) },
      };
    case 5:
      return {
        ...call,
        headers: Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`x-${i}`, 'v'.repeat(80)])),
      };
    case 6:
      return { ...call, headers: { 'x-bin': '!!!', 'y-bin': random.bytes(30).toString('base64') } };
    case 7: // a length that is never reached
      return { ...call, chunks: [framed(bytes, bytes.length + 1 + random.below(2 ** 31))] };
    case 8:
      return { ...call, chunks: [framed(bytes, random.below(bytes.length + 1))] };
    case 9: // several messages, or none, where one belongs
      return { ...call, chunks: Array.from({ length: random.below(4) }, () => framed(bytes)) };
    case 10: // it says that it is compressed
      return { ...call, headers: { 'grpc-encoding': 'gzip' }, chunks: [framed(bytes, bytes.length, 1)] };
    default:
      return { ...call, resets: true };
  }
}

/** The next call of a client that means no good. `base`: a spec that can be carried out. */
export function nextCall(random: Random, known: Known, base: object): RawCall {
  const kind = random.below(20);
  if (kind < 3) return sessionCall(random, known, base);
  if (kind < 6) return crookedCall(random, known);
  return plainCall(random, known, base);
}
