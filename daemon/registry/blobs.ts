import { digestOf } from '../../common/digest.ts';
import { LikerError } from '../../common/errors.ts';
import { familiarRepository, type ImageName } from '../../common/image-name.ts';
import type { Blob } from './api.ts';
import type { Call } from './call.ts';
import { pullScope } from './documents.ts';
import type { Host } from './hosts/host.ts';
import { bodyOf } from './http/exchange.ts';
import type { Answer } from './http/redirects.ts';
import { attempts, pauseAfter } from './timing.ts';

/** A connection that brought so much has got on: it is not counted as a failure. */
const worthwhileBytes = 1024 * 1024;
const longestBlob = 16 * 1024 * 1024;

/** A whole blob that fits into memory. */
export async function fetchBlob(
  call: Call,
  name: ImageName,
  blob: Blob,
  signal: AbortSignal,
): Promise<Buffer> {
  const tried = triedFor(name, blob);
  if (blob.size > longestBlob) {
    throw new LikerError(
      'BAD_IMAGE',
      `Cannot ${tried}: it has ${blob.size} bytes, and may have ${longestBlob}`,
    );
  }
  return await call.fromAny(
    'pull',
    async (host) => {
      const chunks: Buffer[] = [];
      for await (const chunk of bytesFrom(call, host, name, { blob, offset: 0 }, signal)) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      const found = digestOf(bytes, blob.digest);
      if (found === blob.digest) return bytes;
      const metadata = { digest: blob.digest, found };
      throw new LikerError(
        'BAD_IMAGE',
        `Cannot ${tried}: ${new URL(host.base).host} sent bytes with the digest ${found}`,
        {
          metadata,
        },
      );
    },
    signal,
  );
}

/** The bytes of a part of a blob. When the connection breaks or stalls, another one goes on where it ended. */
export async function* bytesFrom(
  call: Call,
  host: Host,
  name: ImageName,
  { blob, offset, end = blob.size, onRanges }: Part,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  let at = offset;
  let hasAnswered = false;
  for (let failures = 0; at < end; ) {
    const start = at;
    try {
      const part = { blob, offset: at, end, ...(onRanges && { onRanges }) };
      const chunks = await onConnection(call, host, name, part, signal);
      hasAnswered = true;
      for await (const chunk of chunks) {
        at += chunk.length;
        yield chunk;
      }
      if (at < end) throw new Error(`the connection ended after ${at} of ${blob.size} bytes`);
    } catch (error) {
      if (error instanceof NoRanges) throw error;
      failures = at - start >= worthwhileBytes ? 1 : failures + 1;
      const problem = call.broken(host, triedFor(name, blob), error, signal);
      const most = hasAnswered ? attempts.download : attempts.request;
      // Any other refusal is meant.
      if (problem.reason !== 'REGISTRY_UNREACHABLE' || failures > most) throw problem;
      await call.sleep(pauseAfter(call.timing, failures - 1), signal);
    }
  }
}

export interface Part {
  readonly blob: Blob;
  readonly offset: number;
  /** Default: the size of the blob. */
  readonly end?: number;
  /** The server sends ranges. */
  readonly onRanges?: () => void;
}

/** The server sends all of a blob, whatever part of it is asked for. */
export class NoRanges extends Error {
  override readonly name = 'NoRanges';
}

/** Opens a connection, and checks that it brings what was asked for. */
async function onConnection(
  call: Call,
  host: Host,
  name: ImageName,
  { blob, offset, end = blob.size, onRanges }: Part,
  signal: AbortSignal,
): Promise<AsyncGenerator<Buffer, void, void>> {
  const tried = triedFor(name, blob);
  const at = `/${name.path}/blobs/${blob.digest}`;
  const isWhole = end === blob.size;
  const range = isWhole ? `bytes=${offset}-` : `bytes=${offset}-${end - 1}`;
  const headers = { 'accept-encoding': 'identity', ...((offset > 0 || !isWhole) && { range }) };
  const question = { method: 'GET', at, scope: pullScope(name), headers, accept: [200, 206], tried } as const;
  const answer = await call.ask(host, question, signal);
  const { response, url } = answer;
  const wrong = (why: string): LikerError => {
    response.destroy();
    const metadata = { digest: blob.digest };
    return new LikerError('BAD_IMAGE', `Cannot ${tried}: ${url.host} ${why}`, { metadata });
  };
  if (answer.status === 206 || response.headers['accept-ranges'] === 'bytes') onRanges?.();
  if (answer.status === 200 && !isWhole) {
    response.destroy();
    throw new NoRanges(`${url.host} sends no ranges`);
  }
  const { first, total, text } = rangeOf(answer);
  if (first > offset) throw wrong(`sent the range '${text}'`);
  if (total !== null && total !== blob.size) throw wrong(`has ${total} bytes of it in place of ${blob.size}`);
  return cut(bodyOf(response, call.timing.stallMs), { skip: offset - first, length: end - offset }, () =>
    wrong(`sent more than the ${blob.size} bytes of it`),
  );
}

/** Where a body begins, and how long the whole is. A server without ranges answers 200, and begins at the beginning. */
function rangeOf({ status, response: { headers } }: Answer) {
  if (status === 200) {
    const length = headers['content-length'];
    return { first: 0, total: length === undefined ? null : Number(length), text: '' };
  }
  const text = headers['content-range'] ?? '';
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(text) ?? [];
  if (first === undefined || total === undefined)
    return { first: Number.POSITIVE_INFINITY, total: null, text };
  return { first: Number(first), total: total === '*' ? null : Number(total), text };
}

/** Leaves out the first `skip` bytes. Throws `tooLong` if more than `length` follow. */
async function* cut(
  chunks: AsyncIterable<Buffer>,
  { skip, length }: { readonly skip: number; readonly length: number },
  tooLong: () => Error,
): AsyncGenerator<Buffer, void, void> {
  let toSkip = skip;
  let left = length;
  for await (const chunk of chunks) {
    const rest = chunk.subarray(Math.min(toSkip, chunk.length));
    toSkip -= chunk.length - rest.length;
    left -= rest.length;
    if (left < 0) throw tooLong();
    if (rest.length > 0) yield rest;
  }
}

function triedFor(name: ImageName, { digest }: Blob): string {
  return `get ${digest} of '${familiarRepository(name)}'`;
}
