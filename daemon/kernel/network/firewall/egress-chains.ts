// What may leave a container that has an egress policy: judged where its packets come in, before anything is translated, so that an address is the one
// that its program has named.
import { createHash } from 'node:crypto';

/** The group of nfnetlink_log(8) in which packets that were refused are reported: by the name of the table, which is also their prefix. */
export function reportGroup(table: string): number {
  return 1024 + (createHash('sha256').update(table).digest().readUInt16BE() >> 1);
}

const lookups = (kind: 'allowed' | 'granted'): string[] =>
  [4, 6].flatMap((family) => {
    const address = `iifname . ${family === 4 ? 'ip' : 'ip6'} daddr`;
    return [
      `${address} @${kind}${family} accept`,
      `${address} . meta l4proto . th dport @${kind}Ports${family} accept`,
    ];
  });

export function egressChains(table: string) {
  return {
    departing: {
      hook: '',
      rules: [
        // Neighbour discovery goes to the host and no further.
        'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 fib daddr type { local, multicast } accept',
        'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } drop',
        'meta pkttype != unicast drop',
        'meta nfproto ipv4 iifname . ip saddr != @sources4 goto forged',
        'meta nfproto ipv6 iifname . ip6 saddr != @sources6 goto forged',
        // What the policy allowed as it began; a change of the policy ends it. A name's address may be allowed for a shorter time than it is used.
        'ct state established accept',
        'ct direction reply accept',
        'ct state invalid drop',
        'meta l4proto { tcp, udp } goto judging',
        'icmp type echo-request goto judging',
        'icmpv6 type echo-request goto judging',
        'meta l4proto { icmp, icmpv6 } ct state related drop',
        'goto refusing',
      ],
    },
    judging: {
      hook: '',
      rules: [
        ...lookups('allowed'),
        // Whoever gives an allowed name its addresses would open the host with one of the host's own.
        'fib daddr type local goto refusing',
        ...lookups('granted'),
        'goto refusing',
      ],
    },
    refusing: {
      hook: '',
      rules: [
        'jump reporting',
        'meta l4proto tcp reject with tcp reset',
        'reject with icmpx admin-prohibited',
      ],
    },
    // An answer would go to whoever has the address.
    forged: { hook: '', rules: ['jump reporting', 'drop'] },
    reporting: {
      hook: '',
      rules: [
        `update @reporting { iifname limit rate 50/second burst 100 packets } log prefix "${table}" group ${reportGroup(table)} snaplen 128`,
      ],
    },
  };
}
