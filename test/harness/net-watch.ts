import { execFileSync } from 'node:child_process';

/** Packets by which neighbours find each other. */
const housekeeping = [
  'ether type arp accept',
  'icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 daddr { ff02::/16, fe80::/10, fd00::/8 } accept',
  'icmpv6 type { mld-listener-query, mld-listener-report, mld2-listener-report } accept',
];

/** Counts what comes to a network namespace, whatever becomes of it, beside the housekeeping of neighbours. */
export class NetWatch {
  readonly #within: readonly string[];
  readonly #family: 'netdev' | 'inet';

  /** Every frame that comes in by an interface. `within`: what executes a command there. */
  static ofInterface(within: readonly string[], name: string): NetWatch {
    const rules = [...housekeeping, 'counter name heard'];
    return new NetWatch(within, 'netdev', `type filter hook ingress device "${name}" priority -500;`, rules);
  }

  /** Packets for the host itself that come from its containers. */
  static ofHost(within: readonly string[]): NetWatch {
    const [, ...ofIp] = housekeeping;
    const fromContainers = ['lv*', 'lb*'].map((link) => `iifname "${link}" counter name heard`);
    return new NetWatch(within, 'inet', 'type filter hook input priority 300;', [...ofIp, ...fromContainers]);
  }

  private constructor(
    within: readonly string[],
    family: 'netdev' | 'inet',
    hook: string,
    rules: readonly string[],
  ) {
    this.#within = within;
    this.#family = family;
    this.#nft(
      `add table ${family} watch\ndelete table ${family} watch\ntable ${family} watch {\ncounter heard { }\nchain in {\n${[hook, ...rules].join('\n')}\n}\n}\n`,
    );
  }

  /** How many packets have come since the last question. */
  heard(): number {
    const text = this.#nft(`reset counter ${this.#family} watch heard\n`);
    return Number(/packets (\d+)/.exec(text)?.[1]);
  }

  #nft(input: string): string {
    const [program = '', ...args] = [...this.#within, 'nft', '-f', '-'];
    return execFileSync(program, args, { input, encoding: 'utf8' });
  }
}
