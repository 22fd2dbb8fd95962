import type { Agents } from '../http/agents.ts';
import { readBody } from '../http/exchange.ts';
import { send } from '../http/redirects.ts';
import type { Timing } from '../timing.ts';
import type { Host } from './host.ts';

const longest = 64 * 1024;

/** Where each host answers: by TLS, or by plain HTTP if it may and does. It is found out once. */
export class Bases {
  readonly #agents: Agents;
  readonly #timing: Timing;
  readonly #known = new Map<Host, string>();

  constructor(agents: Agents, timing: Timing) {
    this.#agents = agents;
    this.#timing = timing;
  }

  /** The host's base with the scheme to use. Does not fail: without an answer it is plain HTTP, which then tells why. */
  async of(host: Host, signal: AbortSignal): Promise<string> {
    if (!host.mayBePlain) return host.base;
    const base =
      this.#known.get(host) ?? ((await this.#speaksTls(host, signal)) ? host.base : plain(host.base));
    if (!signal.aborted) this.#known.set(host, base);
    return base;
  }

  async #speaksTls({ base, tls }: Host, signal: AbortSignal): Promise<boolean> {
    const { probeMs } = this.#timing;
    const request = {
      method: 'GET',
      headers: {},
      ownHeaders: {},
      tls,
      stallMs: probeMs,
      answerMs: probeMs,
    } as const;
    try {
      const { response } = await send(this.#agents, new URL(`${base}/`), request, signal);
      await readBody(response, longest, probeMs);
      return true;
    } catch {
      return false;
    }
  }
}

function plain(base: string): string {
  return base.replace(/^https:/, 'http:');
}
