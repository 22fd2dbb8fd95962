import { join } from 'node:path';
import type { NamePolicy, NameRule, PortRange, Resolver } from '../../../daemon/kernel/network/resolver.ts';
import { NameBox, type NamedContainer } from './box.ts';

export const table = 'liker-test';
/** Of NFLOG. */
export const group = 4711;

const setTypes = {
  granted4: 'ifname . ipv4_addr',
  granted6: 'ifname . ipv6_addr',
  grantedPorts4: 'ifname . ipv4_addr . inet_proto . inet_service',
  grantedPorts6: 'ifname . ipv6_addr . inet_proto . inet_service',
} as const;

type SetName = keyof typeof setTypes;

function ruleset(size: number): string {
  const sets = Object.entries(setTypes).map(
    ([name, type]) => `set ${name} { type ${type}; flags timeout; size ${size}; }`,
  );
  return `table inet ${table} {
    ${sets.join('\n')}
    chain input { type filter hook input priority 0; iifname "vh*" jump policed; }
    chain policed {
      icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
      iifname . ip daddr @granted4 accept
      iifname . ip daddr . meta l4proto . th dport @grantedPorts4 accept
      iifname . ip6 daddr @granted6 accept
      iifname . ip6 daddr . meta l4proto . th dport @grantedPorts6 accept
      log group ${group} prefix "${table}" snaplen 128
      meta l4proto tcp reject with tcp reset
      reject with icmpx type admin-prohibited
    }
  }`;
}

export interface SetElement {
  /** Without the interface. */
  readonly key: string;
  readonly interface: string;
  /** Seconds. */
  readonly timeout: number;
  readonly expires: number;
}

export function rule(name: string, ...ports: readonly PortRange[]): NameRule {
  const wildcard = name.startsWith('*.');
  return { name: wildcard ? name.slice(2) : name, wildcard, ports };
}

export const tcp = (first: number, last = first): PortRange => ({ protocol: 'tcp', first, last });

/** A container whose link ends at an interface of the host with this name, and leads to servers only. */
export interface PolicedContainer {
  readonly container: NamedContainer;
  readonly link: string;
  policy(...rules: readonly NameRule[]): NamePolicy;
  /** What a server at the address says; empty: it cannot be reached. */
  reach(address: string, port?: number): Promise<string>;
}

/** A machine that drops what containers send, unless it is in the sets, and answers at every address of 203.0.113.0/24 and 2001:db8::/64. */
export class PolicedBox {
  readonly names: NameBox;
  /** What the name server was asked. */
  readonly asked: string[] = [];
  #links = 0;

  private constructor(names: NameBox) {
    this.names = names;
  }

  static async open(): Promise<PolicedBox> {
    const box = new PolicedBox(await NameBox.open('127.0.0.1'));
    await box.names.sh('ip addr add 203.0.113.0/24 dev lo; ip -6 route add local 2001:db8::/64 dev lo');
    await box.makeTable();
    await box.names.start(
      [process.execPath, join(import.meta.dirname, 'egress-server.ts'), '127.0.0.1'],
      box.asked,
    );
    // Port 7 repeats what it gets.
    for (const [port, words] of [
      [80, 'echo port 80'],
      [443, 'echo port 443'],
      [7, 'cat'],
    ])
      await box.names.start([
        'sh',
        '-c',
        `exec socat -d -d TCP6-LISTEN:${port},fork,reuseaddr,ipv6only=0 SYSTEM:"${words}" 2>&1`,
      ]);
    return box;
  }

  resolver(): Resolver {
    return this.names.resolver({ firewall: { table, group } });
  }

  /** In place of the one that is there. */
  async makeTable(size = 65_535): Promise<void> {
    await this.names.sh(
      `nft -f - <<'END'\ntable inet ${table}\ndelete table inet ${table}\n${ruleset(size)}\nEND`,
    );
  }

  async container(): Promise<PolicedContainer> {
    const container = await this.names.container();
    const index = this.#links++;
    const link = `vh${index}`;
    await this.names.sh(
      `ip link add ${link} type veth peer name eth0 netns ${container.process.pid}
      ip addr add 10.9.${index}.1/24 dev ${link}; ip -6 addr add fd00:${index}::1/64 dev ${link} nodad; ip link set ${link} up`,
    );
    await container.sh(
      `ip addr add 10.9.${index}.2/24 dev eth0; ip -6 addr add fd00:${index}::2/64 dev eth0 nodad; ip link set eth0 up
      ip route add default via 10.9.${index}.1; ip -6 route add default via fd00:${index}::1`,
    );
    return {
      container,
      link,
      policy: (...rules) => ({ interfaces: [link], rules }),
      reach: async (address, port = 443) => {
        const script = `exec 2>/dev/null 3<>/dev/tcp/${address}/${port} && head -n 1 <&3`;
        return (await container.sh(`timeout 20 bash -c '${script}' || true`)).join();
      },
    };
  }

  async elements(set: SetName): Promise<SetElement[]> {
    const [listed = ''] = await this.names.sh(`nft -j list set inet ${table} ${set}`);
    const { nftables }: { nftables: { set?: { elem?: { elem: ListedElement }[] } }[] } = JSON.parse(listed);
    return nftables.flatMap(({ set: found }) =>
      (found?.elem ?? []).map(({ elem: { val, timeout, expires } }) => {
        const [name = '', ...key] = val.concat;
        return { interface: String(name), key: key.join(' '), timeout, expires };
      }),
    );
  }

  async keys(set: SetName): Promise<string[]> {
    return (await this.elements(set)).map(({ key }) => key).sort();
  }

  [Symbol.dispose](): void {
    this.names[Symbol.dispose]();
  }
}

interface ListedElement {
  readonly val: { readonly concat: readonly (string | number)[] };
  readonly timeout: number;
  readonly expires: number;
}
