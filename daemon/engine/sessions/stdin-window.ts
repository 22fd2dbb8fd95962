import { stdinWindowBytes } from '../../../common/sizes.ts';

interface Flow {
  sent: number;
  taken: number;
}

/** How far the stdin of each session was sent to the shim, and given to the process. Offsets are in bytes of a session's input. */
export class StdinWindow {
  /** By session. One that has left stays until all is taken. */
  readonly #flows = new Map<string, Flow>();
  /** The session whose bytes are the last in the shim's queue. */
  #last = '';

  /** Whether these bytes may be sent now, and then counts them; not before the process has taken what it has. */
  take(session: string, offset: number, length: number): boolean {
    const flow = this.#flows.get(session) ?? { sent: offset, taken: offset };
    // What a client that came back sends again is in the shim already.
    const more = Math.max(0, offset + length - flow.sent);
    let inFlight = 0;
    for (const { sent, taken } of this.#flows.values()) inFlight += Math.max(0, sent - taken);
    if (inFlight > 0 && inFlight + more > stdinWindowBytes) return false;
    if (more > 0) this.#last = session;
    flow.sent += more;
    this.#flows.set(session, flow);
    return true;
  }

  /** The shim has given the session's input to the process as far as `offset`; null: all, it takes no more. Answers how far. */
  taken(session: string, offset: number | null): number {
    const flow = this.#flows.get(session);
    const taken = offset ?? flow?.sent ?? 0;
    if (flow) flow.taken = taken;
    // The shim tells no more of one that left many clients ago: its bytes went before those of the last.
    const all = offset === null || (session === this.#last && flow && taken >= flow.sent);
    if (all) for (const each of this.#flows.values()) each.taken = each.sent;
    return taken;
  }

  /** Forgets those that have left, once all is taken. */
  keep(sessions: ReadonlySet<string>): void {
    for (const [id, { sent, taken }] of this.#flows)
      if (taken >= sent && !sessions.has(id)) this.#flows.delete(id);
  }
}
