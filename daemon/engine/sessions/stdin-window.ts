import { stdinWindowBytes } from '../../../common/sizes.ts';

interface Flow {
  sent: number;
  taken: number;
}

/** Per session, how much stdin was sent to the shim, and how much of that the process has taken. Offsets count bytes of a session's input. */
export class StdinWindow {
  /** By session id. A session that has left stays until all its stdin is taken. */
  readonly #flows = new Map<string, Flow>();
  /** Sessions whose client the shim tells itself how much is taken. What still comes here is bounded by what such a client sends ahead. */
  readonly #letGo = new Set<string>();
  /** The session with the last bytes in the shim's queue. */
  #last = '';

  /** Counts these bytes as sent, if they fit into the window; returns whether they do. A single chunk always fits. */
  take(session: string, offset: number, length: number): boolean {
    if (this.#letGo.has(session)) return true;
    const flow = this.#flows.get(session) ?? { sent: offset, taken: offset };
    // A client that resumes may repeat bytes that the shim already has.
    const more = Math.max(0, offset + length - flow.sent);
    let inFlight = 0;
    for (const { sent, taken } of this.#flows.values()) inFlight += Math.max(0, sent - taken);
    if (inFlight > 0 && inFlight + more > stdinWindowBytes) return false;
    if (more > 0) this.#last = session;
    flow.sent += more;
    this.#flows.set(session, flow);
    return true;
  }

  /** The process has taken the session's stdin up to `offset`; null: it takes no more. Returns the offset. */
  taken(session: string, offset: number | null): number {
    const flow = this.#flows.get(session);
    const taken = offset ?? flow?.sent ?? 0;
    if (flow) flow.taken = taken;
    // The shim may have forgotten sessions of long ago, and does not report their bytes, which went before those of the last one.
    const all = offset === null || (session === this.#last && flow && taken >= flow.sent);
    if (all) for (const each of this.#flows.values()) each.taken = each.sent;
    return taken;
  }

  /** The client of the session is connected to the shim. */
  letGo(session: string): void {
    this.#flows.delete(session);
    this.#letGo.add(session);
  }

  /** Forgets sessions that have left and whose stdin is taken. `sessions`: those that are attached. */
  keep(sessions: ReadonlySet<string>): void {
    for (const [id, { sent, taken }] of this.#flows)
      if (taken >= sent && !sessions.has(id)) this.#flows.delete(id);
    for (const id of this.#letGo) if (!sessions.has(id)) this.#letGo.delete(id);
  }
}
