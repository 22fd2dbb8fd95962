import type { IncomingMessage } from 'node:http';
import type { TlsSettings } from '../hosts/host.ts';
import type { Agents } from './agents.ts';
import { exchange, type Headers, type Outgoing, readBody } from './exchange.ts';

const most = 10;
const longestRedirect = 64 * 1024;

export interface Request extends Omit<Outgoing, 'agent'> {
  /** Credentials and what else is only for the server that was asked, not for one to which it redirects. */
  readonly ownHeaders: Headers;
  readonly tls: TlsSettings;
}

export interface Answer {
  readonly response: IncomingMessage;
  readonly status: number;
  /** Where the response came from. */
  readonly url: URL;
}

/**
 * Sends a request, and follows redirects of GET and HEAD. A server to which they lead gets neither credentials nor a client certificate;
 * what it says about authentication is not for us either.
 */
export async function send(
  agents: Agents,
  asked: URL,
  request: Request,
  signal: AbortSignal,
): Promise<Answer> {
  const { ownHeaders, tls, ...outgoing } = request;
  let url = asked;
  for (let redirects = 0; ; redirects += 1) {
    const isAsked = url.origin === asked.origin;
    const headers = isAsked ? { ...outgoing.headers, ...ownHeaders } : outgoing.headers;
    const agent = agents.for(url, isAsked ? tls : { ...tls, clients: [] });
    const response = await exchange(url, { ...outgoing, headers, agent }, signal);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    const mayFollow = outgoing.method === 'GET' || outgoing.method === 'HEAD';
    if (!mayFollow || ![301, 302, 303, 307, 308].includes(status)) return { response, status, url };
    // Read to its end, so that the connection can be used again.
    await readBody(response, longestRedirect, outgoing.stallMs);
    const next = location === undefined ? null : URL.parse(location, url);
    if (next === null || !/^https?:$/.test(next.protocol))
      throw new Error(`it redirects to '${location ?? ''}'`);
    if (redirects === most) throw new Error(`it redirects more than ${most} times`);
    url = next;
  }
}
