import type { IncomingHttpHeaders } from 'node:http';
import { asError, LikerError } from '../../common/errors.ts';
import { own } from '../../common/own.ts';
import { limitText } from './limit.ts';

/** What is being done for whom, for the words of errors. */
export interface Deed {
  /** Completes "Cannot …": get 'debian:13'. */
  readonly tried: string;
  /** Host of the registry as it is in names. */
  readonly registry: string;
  readonly hasCredentials: boolean;
  /** The file in which the registry's hosts can be described. */
  readonly hostsFile: string;
}

export interface Refusal {
  /** The server, with its port. */
  readonly host: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The beginning of the body. */
  readonly body: Buffer;
}

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; check host and port',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ENOTFOUND: 'there is no such host; check its name, and the DNS of this machine',
  EAI_AGAIN: 'the DNS of this machine does not answer',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to it; check the network of this machine',
  ENETUNREACH: 'there is no way to it; check the network of this machine',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  CERT_HAS_EXPIRED: 'its certificate is no longer valid; check the clock of this machine',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clock of this machine',
};

/** Codes of OpenSSL for a certificate that nobody vouches for. */
const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** The error for a server with which there was no conversation. */
export function unreachable({ tried, hostsFile }: Deed, host: string, thrown: unknown): LikerError {
  const error = asError(thrown);
  // A name with several addresses has an error for each.
  const first = error instanceof AggregateError ? asError(error.errors[0]) : error;
  const { code = '' } = first as NodeJS.ErrnoException;
  return new LikerError(
    'REGISTRY_UNREACHABLE',
    `Cannot ${tried}: ${host}: ${whyOf(code, first, hostsFile)}`,
    {
      metadata: { host, errno: code },
      cause: thrown,
    },
  );
}

function whyOf(code: string, error: Error, hostsFile: string): string {
  if (untrusted.has(code))
    return `its certificate is not from an authority that this machine trusts (${code}); name the authority as 'ca' in '${hostsFile}'`;
  if (code === 'EPROTO')
    return `${code}: it does not speak TLS; if it speaks plain HTTP: --tls-verify=false, or 'server' in '${hostsFile}'`;
  const explanation = own(explanations, code);
  if (explanation !== undefined) return `${code}: ${explanation}`;
  // OpenSSL's whole message has places in its source.
  const { reason: short } = error as { readonly reason?: unknown };
  return code.startsWith('ERR_SSL') && typeof short === 'string' ? `${short} (${code})` : error.message;
}

/** The error for an answer that is a refusal. */
export function refused(deed: Deed, refusal: Refusal): LikerError {
  const { tried, registry } = deed;
  const { host, status, headers, body } = refusal;
  const said = wordsOf(body);
  const metadata = { host, status: String(status) };
  const because = said === '' ? '' : ` (${said})`;
  const login = `likerctl login${registry === 'docker.io' ? '' : ` ${registry}`}`;
  switch (status) {
    case 401:
    case 403: {
      const why = deed.hasCredentials
        ? `${host} refuses the credentials, or this user may not${because}; to give others: ${login}`
        : `${host} gives no access without credentials${because}: there is no such repository, or it needs '${login}'`;
      return new LikerError('REGISTRY_DENIED', `Cannot ${tried}: ${why}`, { metadata });
    }
    case 404: {
      const why = `${host} has nothing by this name${because}`;
      return new LikerError('IMAGE_NOT_FOUND', `Cannot ${tried}: ${why}`, { metadata });
    }
    case 429: {
      const limit = limitText(headers, Date.now());
      const more = deed.hasCredentials ? '' : `, or raise the limit with '${login}'`;
      const why = `${host} limits the number of requests${limit.rule}${because}: ${limit.until}${more}`;
      return new LikerError('REGISTRY_LIMIT', `Cannot ${tried}: ${why}`, { metadata });
    }
    default: {
      const reason = status >= 500 ? 'REGISTRY_UNREACHABLE' : 'REGISTRY_REFUSED';
      return new LikerError(reason, `Cannot ${tried}: ${host} answers ${status}${because}`, { metadata });
    }
  }
}

/** What a server says of an error: {errors: [{code, message}]}, or {details} or {error_description} of token servers. */
function wordsOf(body: Buffer): string {
  const longest = 300;
  try {
    const answer = JSON.parse(body.toString('utf8')) as Readonly<Record<string, unknown>>;
    const { errors } = answer;
    const first: unknown = Array.isArray(errors) ? errors[0] : answer;
    const { code, message, details, detail, error_description, error } = first as Readonly<
      Record<string, unknown>
    >;
    const text = [message, details, error_description, error, code, detail].find(
      (value): value is string => typeof value === 'string' && value !== '',
    );
    return (text ?? '').replaceAll(/\s+/g, ' ').trim().slice(0, longest);
  } catch {
    return '';
  }
}
