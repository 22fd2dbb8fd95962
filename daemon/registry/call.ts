import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LikerError } from '../../common/errors.ts';
import type { Access, Credentials } from './api.ts';
import { Authorization } from './auth/authorization.ts';
import { parseChallenges } from './auth/challenge.ts';
import { fetchToken } from './auth/fetch-token.ts';
import type { Token, Wanted } from './auth/token.ts';
import { Bases } from './hosts/bases.ts';
import type { Capability, Host } from './hosts/host.ts';
import { hostsOf } from './hosts/hosts.ts';
import type { Agents } from './http/agents.ts';
import { type Headers, readBody } from './http/exchange.ts';
import { type Answer, type Request, send } from './http/redirects.ts';
import { readLimit } from './limit.ts';
import { type Deed, type Refusal, refused, unreachable } from './problems.ts';
import { attempts, pauseAfter, type Timing } from './timing.ts';

/** What all calls have in common. */
export interface Client {
  readonly agents: Agents;
  readonly timing: Timing;
  /** Has a folder with a hosts.toml for each registry. */
  readonly folder: string;
}

/** A question to a host. */
export interface Question {
  readonly method: Request['method'];
  /** Below the host's base, or the address that the host gave. */
  readonly at: string | URL;
  /** Such as repository:library/debian:pull. */
  readonly scope: string;
  readonly headers?: Headers;
  readonly body?: Request['body'];
  /** Statuses that are answers; all others are refusals. */
  readonly accept: readonly number[];
  /** How long an answer may take. */
  readonly answerMs?: number;
  /** Completes "Cannot …": get 'debian:13'. */
  readonly tried: string;
}

const longestRefusal = 64 * 1024;

/** One call to a registry: its hosts, and what was shown to them. */
export class Call {
  readonly #client: Client;
  readonly #registry: string;
  readonly #access: Access;
  readonly #authorization: Authorization;
  readonly #bases: Bases;
  #hosts: Promise<readonly Host[]> | null = null;

  constructor(client: Client, registry: string, access: Access) {
    this.#client = client;
    this.#registry = registry;
    this.#access = access;
    this.#bases = new Bases(client.agents, client.timing);
    this.#authorization = new Authorization(access.credentials);
  }

  get timing(): Timing {
    return this.#client.timing;
  }

  /** The hosts for a purpose, mirrors first. Throws REGISTRY_MISCONFIGURED. */
  async hostsFor(capability: Capability): Promise<readonly Host[]> {
    const able = (await this.#all()).filter(({ capabilities }) => capabilities.has(capability));
    if (able.length > 0) return able;
    const why = `no host of '${this.#registry}' has the capability '${capability}'; add it to one`;
    throw new LikerError('REGISTRY_MISCONFIGURED', `Cannot use '${this.#hostsFile}': ${why}`);
  }

  /** No mirror of it. */
  async registryItself(): Promise<Host> {
    const own = (await this.#all()).find(({ isOwn }) => isOwn);
    if (own === undefined)
      throw new LikerError('INTERNAL', `The registry '${this.#registry}' has only mirrors`);
    return own;
  }

  /** Asks the hosts in turn until one has the answer. The error is that of the last one, and names the others. */
  async fromAny<T>(capability: Capability, ask: (host: Host) => Promise<T>, signal: AbortSignal): Promise<T> {
    const problems: LikerError[] = [];
    for (const host of await this.hostsFor(capability)) {
      try {
        return await ask(host);
      } catch (error) {
        if (signal.aborted || !(error instanceof LikerError)) throw error;
        problems.push(error);
      }
    }
    throw inOne(problems);
  }

  /**
   * Asks a host, with authentication where it wants it, again when it fails for the moment. Throws the error for a refusal or for no
   * answer. The caller reads the body of the answer, or destroys it.
   */
  async ask(host: Host, question: Question, signal: AbortSignal): Promise<Answer> {
    const deed = this.#deed(host, question.tried);
    const mayRepeat = isRepeatable(question);
    let hasObtained = false;
    for (let failures = 0; ; ) {
      const shown = this.#authorization.headers(host, question.scope);
      const asked = await this.#urlOf(host, question, signal);
      const answer = await this.#send(host, asked, question, shown, signal);
      if (question.accept.includes(answer.status)) return answer;
      const refusal = await this.#refusal(answer, deed, signal);
      // A server to which the host has sent us is not to be told anything.
      if (answer.status === 401 && !hasObtained && (await this.#isHost(host, answer.url, signal))) {
        hasObtained = await this.#obtain(host, question, { refusal, shown }, signal);
        if (hasObtained && mayRepeat) continue;
      }
      const waitMs = mayRepeat ? this.#waitMs(refusal, failures) : null;
      if (waitMs === null) throw refused(deed, refusal);
      failures += 1;
      await this.sleep(waitMs, signal);
    }
  }

  /** Asks the realm of a challenge for a token with the credentials of this call. */
  async token(
    host: Host,
    wanted: Wanted,
    { lasting, tried }: { readonly lasting: boolean; readonly tried: string },
    signal: AbortSignal,
  ): Promise<Token> {
    const { agents, timing } = this.#client;
    const deed = this.#deed(host, tried);
    const base = new URL(await this.#bases.of(host, signal));
    const { insecure } = this.#access;
    const credentials = this.#credentialsFor(host);
    const options = { agents, stallMs: timing.stallMs, host, base, insecure, credentials, lasting, deed };
    return await this.#guard(deed, wanted.realm.host, signal, () => fetchToken(options, wanted, signal));
  }

  /** Throws CANCELLED. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    await pause(ms, undefined, { signal }).catch(() => {
      throw cancelled(signal);
    });
  }

  /** The error for a body that could not be read. */
  broken(host: Host, tried: string, error: unknown, signal: AbortSignal): LikerError {
    if (error instanceof LikerError) return error;
    return signal.aborted
      ? cancelled(signal)
      : unreachable(this.#deed(host, tried), new URL(host.base).host, error);
  }

  #all(): Promise<readonly Host[]> {
    this.#hosts ??= hostsOf(this.#client.folder, this.#registry, this.#access.insecure);
    return this.#hosts;
  }

  /** True: there is something else to show. */
  async #obtain(
    host: Host,
    { scope, tried }: Question,
    { refusal, shown }: { readonly refusal: Refusal; readonly shown: Headers },
    signal: AbortSignal,
  ): Promise<boolean> {
    const challenges = parseChallenges(refusal.headers['www-authenticate'] ?? '');
    const fetch = async (wanted: Wanted): Promise<string> =>
      (await this.token(host, wanted, { lasting: false, tried }, signal)).token;
    return await this.#authorization.obtain(host, { scope, challenges, shown, fetch });
  }

  async #send(
    host: Host,
    url: URL,
    question: Question,
    shown: Headers,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { stallMs } = this.timing;
    const { method, headers = {}, body, answerMs = stallMs, tried } = question;
    const isHost = await this.#isHost(host, url, signal);
    const ownHeaders = isHost ? { ...shown, ...host.headers } : {};
    const tls = isHost ? host.tls : { ...host.tls, clients: [] };
    const request = { method, headers, ownHeaders, tls, stallMs, answerMs, ...(body && { body }) };
    const { agents } = this.#client;
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.#guard(this.#deed(host, tried), url.host, signal, () =>
          send(agents, url, request, signal),
        );
      } catch (error) {
        if (!isRepeatable(question) || !isPassing(error) || failures >= attempts.request) throw error;
        await this.sleep(pauseAfter(this.timing, failures), signal);
      }
    }
  }

  async #isHost(host: Host, { origin }: URL, signal: AbortSignal): Promise<boolean> {
    return origin === new URL(await this.#bases.of(host, signal)).origin;
  }

  async #refusal({ url, status, response }: Answer, deed: Deed, signal: AbortSignal): Promise<Refusal> {
    const { stallMs } = this.timing;
    if (status === 416) {
      // Debian's docker-registry announces the whole blob, and sends nothing.
      response.destroy();
      return { host: url.host, status, headers: response.headers, body: Buffer.alloc(0) };
    }
    const { bytes } = await this.#guard(deed, url.host, signal, () =>
      readBody(response, longestRefusal, stallMs),
    );
    return { host: url.host, status, headers: response.headers, body: bytes };
  }

  async #urlOf(host: Host, { at }: Question, signal: AbortSignal): Promise<URL> {
    if (at instanceof URL) return at;
    const url = new URL(`${await this.#bases.of(host, signal)}${at}`);
    // As containerd tells mirrors of several registries which one is meant.
    if (!host.isOwn) url.searchParams.set('ns', this.#registry);
    return url;
  }

  /** How long to wait before the question is repeated; null: it is not. */
  #waitMs({ status, headers }: Refusal, failures: number): number | null {
    const mayPass = status === 429 || [500, 502, 503, 504].includes(status);
    if (!mayPass || failures >= attempts.request) return null;
    const { endMs } = readLimit(headers, Date.now());
    if (endMs === null) return status === 429 ? null : pauseAfter(this.timing, failures);
    const waitMs = Math.max(0, endMs - Date.now());
    return waitMs <= this.timing.longestLimitMs ? waitMs : null;
  }

  /** Mirrors belong to others. */
  #credentialsFor(host: Host): Credentials | null {
    return host.isOwn ? this.#access.credentials : null;
  }

  #deed(host: Host, tried: string): Deed {
    const hasCredentials = this.#credentialsFor(host) !== null;
    return { tried, registry: this.#registry, hasCredentials, hostsFile: this.#hostsFile };
  }

  get #hostsFile(): string {
    return join(this.#client.folder, this.#registry, 'hosts.toml');
  }

  async #guard<T>(deed: Deed, host: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (signal.aborted) throw cancelled(signal);
      throw error instanceof LikerError ? error : unreachable(deed, host, error);
    }
  }
}

function isRepeatable({ body }: Question): boolean {
  return body === undefined || body instanceof Uint8Array;
}

/** True for a connection that may last when it is tried again. */
function isPassing(error: unknown): boolean {
  const errno = error instanceof LikerError ? error.metadata['errno'] : undefined;
  return errno === 'ECONNRESET' || errno === 'EPIPE' || errno === 'EAI_AGAIN';
}

function cancelled(signal: AbortSignal): LikerError {
  const { reason } = signal as { reason: unknown };
  return reason instanceof LikerError
    ? reason
    : new LikerError('CANCELLED', 'The call was cancelled', { cause: reason });
}

/** The last error, with what was wrong with the others. */
function inOne(problems: readonly LikerError[]): LikerError {
  const [last, ...others] = problems.toReversed();
  if (last === undefined) return new LikerError('INTERNAL', 'A registry without hosts was asked');
  if (others.length === 0) return last;
  const [tried = ''] = /^Cannot .*?': /.exec(last.message) ?? [];
  const before = others
    .toReversed()
    .map(({ message }) => (message.startsWith(tried) ? message.slice(tried.length) : message));
  return new LikerError(last.reason, `${last.message}; before that, its mirrors: ${before.join('; ')}`, {
    metadata: last.metadata,
    cause: last,
  });
}
