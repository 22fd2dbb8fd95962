import { digestProblem } from '../../common/digest.ts';
import { LikerError } from '../../common/errors.ts';
import { familiarName, familiarRepository, type ImageName } from '../../common/image-name.ts';
import type { Document } from '../oci/document.ts';
import type { Blob, ReadBlob } from './api.ts';
import type { Call } from './call.ts';
import { pullScope } from './documents.ts';
import type { Host } from './hosts/host.ts';
import type { Answer } from './http/redirects.ts';
import { attempts, pauseAfter } from './timing.ts';

/** A part of an upload that a server or a proxy did not take as a whole. */
const usualPart = 8 * 1024 * 1024;

function pushScope({ path }: ImageName): string {
  return `repository:${path}:pull,push`;
}

/** Where images are stored: the first host that may. */
async function hostOf(call: Call): Promise<Host> {
  const [host] = await call.hostsFor('push');
  if (host === undefined) throw new LikerError('INTERNAL', 'No host');
  return host;
}

export async function hasBlob(
  call: Call,
  name: ImageName,
  digest: string,
  signal: AbortSignal,
): Promise<boolean> {
  const tried = `push to '${familiarRepository(name)}'`;
  const at = `/${name.path}/blobs/${digest}`;
  const question = { method: 'HEAD', at, scope: pushScope(name), accept: [200, 404], tried } as const;
  const { response, status } = await call.ask(await hostOf(call), question, signal);
  response.resume();
  return status === 200;
}

/** `from` is another repository of the same registry. */
export async function mountBlob(
  call: Call,
  name: ImageName,
  { digest, from }: { readonly digest: string; readonly from: ImageName },
  signal: AbortSignal,
): Promise<boolean> {
  // docker-registry ignores a malformed digest or name here, and begins an upload.
  if (digestProblem(digest) !== null || from.host !== name.host) return false;
  const tried = `push to '${familiarRepository(name)}'`;
  const query = new URLSearchParams({ mount: digest, from: from.path });
  const question = {
    method: 'POST',
    at: `/${name.path}/blobs/uploads/?${query}`,
    scope: `${pushScope(name)} ${pullScope(from)}`,
    headers: { 'content-length': '0' },
    accept: [201, 202],
    tried,
  } as const;
  const { response, status } = await call.ask(await hostOf(call), question, signal);
  response.resume();
  return status === 201;
}

/** Sends a blob as a whole, and then in parts. Each attempt is a session of its own: after an error, a session is not to be relied on. */
export async function uploadBlob(
  call: Call,
  name: ImageName,
  { blob, read }: { readonly blob: Blob; readonly read: ReadBlob },
  signal: AbortSignal,
): Promise<void> {
  const upload: Upload = {
    call,
    host: await hostOf(call),
    blob,
    question: { scope: pushScope(name), tried: `store ${blob.digest} in '${familiarRepository(name)}'` },
  };
  for (let failures = 0; ; ) {
    try {
      const session = await begin(upload, name, signal);
      const location = failures === 0 ? session.location : await sendParts(upload, session, read, signal);
      await finish(upload, location, failures === 0 ? exactly(blob.size, read(0)) : null, signal);
      return;
    } catch (error) {
      const isFinal = error instanceof LikerError && final.has(error.reason);
      failures += 1;
      if (isFinal || !(error instanceof LikerError) || failures >= attempts.upload) throw error;
      await call.sleep(pauseAfter(call.timing, failures - 1), signal);
    }
  }
}

const final: ReadonlySet<string> = new Set([
  'CANCELLED',
  'REGISTRY_DENIED',
  'REGISTRY_LIMIT',
  'REGISTRY_MISCONFIGURED',
]);

interface Upload {
  readonly call: Call;
  readonly host: Host;
  readonly blob: Blob;
  readonly question: { readonly scope: string; readonly tried: string };
}

interface Session {
  /** The newest one that the server has given. */
  readonly location: URL;
  /** Bytes. */
  readonly part: number;
}

async function begin(
  { call, host, question }: Upload,
  { path }: ImageName,
  signal: AbortSignal,
): Promise<Session> {
  const headers = { 'content-length': '0' };
  const at = `/${path}/blobs/uploads/`;
  const answer = await call.ask(host, { ...question, method: 'POST', at, headers, accept: [202] }, signal);
  const least = Number(answer.response.headers['oci-chunk-min-length'] ?? 0);
  return { location: locationOf(answer, question.tried), part: Math.max(usualPart, least || 0) };
}

async function sendParts(
  { call, host, blob, question }: Upload,
  { location, part }: Session,
  read: ReadBlob,
  signal: AbortSignal,
): Promise<URL> {
  let at = location;
  let offset = 0;
  for await (const bytes of inParts(exactly(blob.size, read(0)), part)) {
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.length),
      'content-range': `${offset}-${offset + bytes.length - 1}`,
    };
    // Never sent twice: a server that got it may not say so.
    const body = once(bytes);
    const answer = await call.ask(
      host,
      { ...question, method: 'PATCH', at, headers, body, accept: [202] },
      signal,
    );
    at = locationOf(answer, question.tried);
    offset += bytes.length;
  }
  return at;
}

/** The last request of a session, with the whole blob or with nothing more. */
async function finish(
  { call, host, blob, question }: Upload,
  location: URL,
  whole: AsyncIterable<Uint8Array> | null,
  signal: AbortSignal,
): Promise<void> {
  const at = new URL(location);
  at.searchParams.set('digest', blob.digest);
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(whole === null ? 0 : blob.size),
  };
  const { answerMs } = call.timing;
  const body = whole === null ? {} : { body: whole };
  const last = { ...question, method: 'PUT', at, headers, ...body, accept: [201], answerMs } as const;
  const { response } = await call.ask(host, last, signal);
  response.resume();
}

function locationOf({ response, url }: Answer, tried: string): URL {
  response.resume();
  const location = URL.parse(response.headers.location ?? '', url);
  if (location !== null && response.headers.location) return location;
  throw new LikerError('REGISTRY_UNREACHABLE', `Cannot ${tried}: ${url.host} does not say where to send it`);
}

async function* exactly(
  size: number,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > size) break;
    yield chunk;
  }
  if (length !== size) throw new Error(`The blob has not the ${size} bytes that it should have`);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

async function* inParts(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, void> {
  let part = new Uint8Array(size);
  let length = 0;
  for await (const chunk of chunks)
    for (let taken = 0; taken < chunk.length; ) {
      const some = chunk.subarray(taken, taken + size - length);
      part.set(some, length);
      taken += some.length;
      length += some.length;
      if (length < size) continue;
      yield part;
      part = new Uint8Array(size);
      length = 0;
    }
  if (length > 0) yield part.subarray(0, length);
}

/** Stores an index or a manifest under a tag, or by its digest. */
export async function putDocument(
  call: Call,
  name: ImageName,
  { bytes, digest, mediaType }: Pick<Document, 'bytes' | 'digest' | 'mediaType'>,
  tag: string | null,
  signal: AbortSignal,
): Promise<void> {
  const tried = `store '${familiarName({ ...name, tag, digest: tag === null ? digest : null })}'`;
  const question = {
    method: 'PUT',
    at: `/${name.path}/manifests/${tag ?? digest}`,
    scope: pushScope(name),
    headers: { 'content-type': mediaType, 'content-length': String(bytes.length) },
    body: bytes,
    accept: [201],
    answerMs: call.timing.answerMs,
    tried,
  } as const;
  const { response, url } = await call.ask(await hostOf(call), question, signal);
  response.resume();
  const stored = response.headers['docker-content-digest'];
  if (stored === undefined || stored === digest) return;
  throw new LikerError(
    'REGISTRY_REFUSED',
    `Cannot ${tried}: ${url.host} has changed it from ${digest} to ${stored}`,
  );
}
