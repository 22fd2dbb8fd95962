// The table's text, for nft(8). What networks and ports there are is in the sets alone: a rule for each would make every packet, and every change,
// slower with each container. Each packet goes through the base chains, so there is one for each hook that does not translate addresses. Their rules
// compare first what costs least, and sets last.
import { createHash } from 'node:crypto';
import { egressChains } from './egress-chains.ts';
import { sets, setsOfOthers } from './elements.ts';

interface Chain {
  /** Empty: it is only gone to. */
  readonly hook: string;
  readonly rules: readonly string[];
}

const chains: Readonly<Record<string, Chain>> = {
  // For ports of 127.0.0.1, a bridge may carry what comes from and goes to the loopback (route_localnet), but nobody on it may send that.
  early: {
    hook: 'type filter hook prerouting priority -150; policy accept;',
    rules: [
      'ip daddr 127.0.0.0/8 iifname @networks drop',
      'ip saddr 127.0.0.0/8 iifname @networks drop',
      'meta nfproto @guarded iifname @policed goto departing',
    ],
  },
  // Nor does anybody else on the host's networks reach a port of its loopback.
  arriving: {
    hook: 'type nat hook prerouting priority dstnat; policy accept;',
    rules: ['ip daddr 127.0.0.0/8 return', 'ip6 daddr ::1 return', 'goto published'],
  },
  sending: {
    hook: 'type nat hook output priority -100; policy accept;',
    rules: ['ip6 daddr @unserved return', 'goto published'],
  },
  published: {
    hook: '',
    rules: [
      'fib daddr type != local return',
      'meta l4proto != { tcp, udp, sctp } return',
      'dnat ip to ip daddr . meta l4proto . th dport map @ports4',
      'dnat ip to meta l4proto . th dport map @any4',
      'dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports6',
      'dnat ip6 to meta l4proto . th dport map @any6',
      'dnat ip to ip daddr . meta l4proto . th dport map @ranges4',
      'dnat ip to meta l4proto . th dport map @anyRanges4',
      'dnat ip6 to ip6 daddr . meta l4proto . th dport map @ranges6',
      'dnat ip6 to meta l4proto . th dport map @anyRanges6',
    ],
  },
  // A container must answer to the host where it would otherwise answer to itself, or past the host to its neighbour.
  leaving: {
    hook: 'type nat hook postrouting priority srcnat; policy accept;',
    rules: [
      'oifname @networks ip saddr 127.0.0.0/8 masquerade',
      'oifname @networks ip6 saddr ::1 masquerade',
      'ct status dnat ip saddr . oifname @hairpin4 masquerade',
      'ct status dnat ip6 saddr . oifname @hairpin6 masquerade',
      'oifname @networks return',
      'ip saddr @masquerade4 masquerade',
      'ip6 saddr @masquerade6 masquerade',
    ],
  },
  queueing: {
    hook: 'type filter hook postrouting priority -150; policy accept;',
    rules: [
      // Otherwise a connection that a policy has ended would go on as one of the other side, whose answers pass.
      'ct state new tcp flags & (fin | syn | rst | ack) != syn oifname @policed drop',
      'meta nfproto @prioritized goto prioritizing',
    ],
  },
  // After the kernel has set its own for what it forwards, before it translates addresses; of two containers, the sender's.
  prioritizing: {
    hook: '',
    rules: [
      'meta priority set ip daddr map @priorities4',
      'meta priority set ip saddr map @priorities4',
      'meta priority set ip6 daddr map @priorities6',
      'meta priority set ip6 saddr map @priorities6',
    ],
  },
  passing: {
    hook: 'type filter hook forward priority filter; policy accept;',
    rules: [
      'tcp flags & (syn | rst) == syn jump sizing',
      'ct state established,related accept',
      'oifname @networks goto entering',
      'iifname @internal drop',
    ],
  },
  // Sizes fit the way out, even if no router says that they are too large.
  sizing: {
    hook: '',
    rules: [
      'iifname @networks tcp option maxseg size set rt mtu',
      'oifname @networks tcp option maxseg size set rt mtu',
    ],
  },
  // With br_netfilter, packets that stay on one bridge come here, too.
  entering: {
    hook: '',
    rules: [
      'iifname . oifname @within accept',
      // Their addresses were checked as they came in.
      'iifname @policed ip saddr . oifname @hairpin4 accept',
      'iifname @policed ip6 saddr . oifname @hairpin6 accept',
      'iifname @internal drop',
      'ct status dnat accept',
      'drop',
    ],
  },
  visiting: {
    hook: 'type filter hook input priority filter; policy accept;',
    rules: ['ct state new,invalid iifname @internal drop'],
  },
};

const all = (table: string): Readonly<Record<string, Chain>> => ({ ...chains, ...egressChains(table) });

export const ruleCount = Object.values(all('')).reduce((count, { rules }) => count + rules.length, 0);

function bodyOf(table: string): string {
  const named = Object.entries(all(table));
  return [
    ...Object.values(sets),
    ...setsOfOthers,
    // A rule may only name a chain that is there.
    ...named.flatMap(([name, { hook }]) => (hook === '' ? `chain ${name} { }` : [])),
    ...named.map(
      ([name, { hook, rules }]) => `chain ${name} {\n${[hook, ...rules].filter(Boolean).join('\n')}\n}`,
    ),
  ].join('\n');
}

/** Is in the table's comment, so that a table of another version of Liker is made anew. */
export function markerOf(table: string): string {
  return `Liker ${createHash('sha256').update(bodyOf(table)).digest('hex').slice(0, 16)}`;
}

/** Makes the table in place of one that may be there, in one transaction. */
export function makeTable(name: string): string {
  return `add table inet ${name}\n${removeTable(name)}table inet ${name} {\ncomment "${markerOf(name)}"\n${bodyOf(name)}\n}\n`;
}

export function removeTable(name: string): string {
  return `delete table inet ${name}\n`;
}
