import { digestOf, digestProblem } from '../../common/digest.ts';
import { LikerError } from '../../common/errors.ts';
import { familiarName, type ImageName } from '../../common/image-name.ts';
import { type Descriptor, type Document, longestDocument, readDocument } from '../oci/document.ts';
import { acceptedTypes, isSchema1Type } from '../oci/media-types.ts';
import type { Call } from './call.ts';
import type { Host } from './hosts/host.ts';
import { readBody } from './http/exchange.ts';
import type { Answer } from './http/redirects.ts';

const accept = { accept: acceptedTypes.join(', ') };

export function pullScope({ path }: ImageName): string {
  return `repository:${path}:pull`;
}

export interface Tagged {
  readonly digest: string;
  /** If it had to be fetched to know its digest. */
  readonly document: Document | null;
}

/** What a name's tag stands for now. */
export async function findTag(call: Call, name: ImageName, signal: AbortSignal): Promise<Tagged> {
  if (name.digest !== null) return { digest: name.digest, document: null };
  return await call.fromAny('resolve', (host) => findTagAt(call, host, name, signal), signal);
}

/** By HEAD, which registries do not count as a pull; by GET where that does not tell. */
async function findTagAt(call: Call, host: Host, name: ImageName, signal: AbortSignal): Promise<Tagged> {
  const tried = `get '${familiarName(name)}'`;
  const at = `/${name.path}/manifests/${name.tag ?? 'latest'}`;
  const question = { at, scope: pullScope(name), headers: accept, tried } as const;
  const heads = { ...question, method: 'HEAD', accept: [200, 400, 405, 501] } as const;
  const { response: head, status } = await call.ask(host, heads, signal);
  head.resume();
  const said = head.headers['docker-content-digest'];
  // The digest of schema 1 is not that of its bytes, and a GET by it finds nothing.
  const isOld = isSchema1Type(typeOf(head.headers['content-type']));
  if (status === 200 && !isOld && typeof said === 'string' && digestProblem(said) === null) {
    return { digest: said, document: null };
  }
  const answer = await call.ask(host, { ...question, method: 'GET', accept: [200] }, signal);
  const bytes = await bytesOf(call, host, answer, tried, signal);
  const digest = digestOf(bytes);
  const mediaType = typeOf(answer.response.headers['content-type']);
  return { digest, document: readDocument(bytes, { mediaType, digest, what: `'${familiarName(name)}'` }) };
}

export type Wanted = Pick<Descriptor, 'digest' | 'mediaType'> & Partial<Pick<Descriptor, 'size'>>;

/** Fetches a document by its digest. */
export async function fetchDocument(
  call: Call,
  name: ImageName,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Document> {
  return await call.fromAny('pull', (host) => fetchDocumentAt(call, host, name, wanted, signal), signal);
}

async function fetchDocumentAt(
  call: Call,
  host: Host,
  name: ImageName,
  { digest, mediaType, size }: Wanted,
  signal: AbortSignal,
): Promise<Document> {
  const tried = `get '${familiarName(name)}'`;
  const answer = await call.ask(
    host,
    {
      method: 'GET',
      at: `/${name.path}/manifests/${digest}`,
      scope: pullScope(name),
      headers: accept,
      accept: [200],
      tried,
    },
    signal,
  );
  const bytes = await bytesOf(call, host, answer, tried, signal);
  const found = digestOf(bytes, digest);
  if (found !== digest || (size !== undefined && size !== bytes.length)) {
    throw new LikerError(
      'BAD_IMAGE',
      `Cannot ${tried}: ${answer.url.host} sent ${bytes.length} bytes with the digest ${found} in place of ${digest}`,
      { metadata: { digest, found } },
    );
  }
  const type = mediaType === '' ? typeOf(answer.response.headers['content-type']) : mediaType;
  return readDocument(bytes, { mediaType: type, digest, what: `'${familiarName(name)}'` });
}

async function bytesOf(
  call: Call,
  host: Host,
  { response }: Answer,
  tried: string,
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    const { bytes, whole } = await readBody(response, longestDocument, call.timing.stallMs);
    if (whole) return bytes;
  } catch (error) {
    throw call.broken(host, tried, error, signal);
  }
  throw new LikerError('BAD_IMAGE', `Cannot ${tried}: its manifest has more than ${longestDocument} bytes`);
}

/** Without parameters such as charset. */
function typeOf(contentType: string | undefined): string {
  return (contentType ?? '').replace(/;.*$/s, '').trim().toLowerCase();
}
