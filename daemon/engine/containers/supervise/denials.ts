import type { EngineContext } from '../../context.ts';
import type { Denial } from '../../kernel.ts';
import type { Container } from '../model/container.ts';

/** What is told of the same container at once. Whoever tries all ports must not fill the journal. */
const mostEvents = 16;
const pauseMs = 1000;

interface Pending {
  /** What has been denied since the last events, by what it was. */
  readonly denials: Map<string, Denial>;
  readonly timer: NodeJS.Timeout;
}

/** Counts what egress policies deny, and tells of it: at once, and then every second. */
export class DenialEvents {
  readonly #context: EngineContext;
  readonly #pending = new Map<Container, Pending>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  take(denial: Denial): void {
    const { registry, ledger } = this.#context;
    const container = registry.byId(denial.container);
    if (!container || container.removed) return;
    ledger.remember(container, { egressDenied: container.facts.egressDenied + denial.count });
    const pending = this.#pending.get(container);
    if (pending) add(pending.denials, denial);
    else this.#tell(container, [denial]);
  }

  #tell(container: Container, denials: readonly Denial[]): void {
    const { ledger, leaving } = this.#context;
    if (!leaving.signal.aborted)
      for (const denial of few(denials))
        ledger.event(container, { action: 'egress-denied', attributes: attributesOf(denial) });
    const timer = setTimeout(() => this.#tellMore(container), pauseMs).unref();
    this.#pending.set(container, { denials: new Map(), timer });
  }

  #tellMore(container: Container): void {
    const denials = [...(this.#pending.get(container)?.denials.values() ?? [])];
    this.#pending.delete(container);
    if (denials.length > 0 && !container.removed) this.#tell(container, denials);
  }
}

function add(denials: Map<string, Denial>, denial: Denial): void {
  const { kind, name, address, protocol, port, count } = denial;
  const key = [kind, name, address, protocol, port].join(' ');
  denials.set(key, { ...denial, count: (denials.get(key)?.count ?? 0) + count });
}

/** The most frequent ones; the others are one of which only the number is known. */
function few(denials: readonly Denial[]): readonly Denial[] {
  if (denials.length <= mostEvents) return denials;
  const sorted = denials.toSorted((one, other) => other.count - one.count);
  const rest = sorted.slice(mostEvents - 1);
  const [first] = rest;
  const count = rest.reduce((sum, denial) => sum + denial.count, 0);
  return [
    ...sorted.slice(0, mostEvents - 1),
    ...(first ? [{ ...first, name: '', address: '', port: 0, protocol: 0, count }] : []),
  ];
}

const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };

/** Neither domain nor address: it stands for several. The container has the attribute name. */
function attributesOf({ name, address, protocol, port, count }: Denial): Record<string, string> {
  return {
    ...(name !== '' && { domain: name }),
    ...(address !== '' && { address, protocol: protocols[protocol] ?? String(protocol) }),
    ...(port > 0 && { port: String(port) }),
    count: String(count),
  };
}
