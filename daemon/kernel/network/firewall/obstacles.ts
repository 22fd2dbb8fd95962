// Firewalls of others that drop what containers send and get, and how each is told to allow it.
import type { Chain } from './batch.ts';
import type { Obstacle } from './state.ts';

interface Known {
  readonly by: string;
  /** A chain that it has in each of its tables for forwarded packets. */
  readonly chain: RegExp;
  readonly allow: string;
}

const firewalldZones = 'filter_FORWARD_ZONES';

const known: readonly Known[] = [
  {
    by: 'docker',
    chain: /^DOCKER-USER$/,
    allow:
      'for link in lb+ lv+; do iptables -I DOCKER-USER -i $link -j ACCEPT; iptables -I DOCKER-USER -o $link -j ACCEPT; done',
  },
  {
    by: 'ufw',
    chain: /^ufw6?-before-forward$/,
    allow: 'for link in lb+ lv+; do ufw route allow in on $link; ufw route allow out on $link; done',
  },
  {
    by: 'firewalld',
    chain: new RegExp(`^${firewalldZones}$`),
    allow:
      'firewall-cmd --permanent --zone=trusted --add-interface=lb+ --add-interface=lv+; firewall-cmd --reload',
  },
];

/** Whether a rule allows what containers send is not looked at. */
export function obstaclesOf(chains: readonly Chain[]): Obstacle[] {
  const tables = [...Map.groupBy(chains, ({ family, table }) => `${family} ${table}`)].filter(([, those]) =>
    those.some(drops),
  );
  const has = (those: readonly Chain[], { chain }: Known) => those.some(({ name }) => chain.test(name));
  const ofKnown = known.map((one): Obstacle => {
    const found = tables.filter(([, those]) => has(those, one));
    return { by: one.by, tables: found.map(([name]) => name), allow: one.allow };
  });
  const ofOthers = tables.filter(([, those]) => !known.some((one) => has(those, one)));
  return [
    ...ofKnown.filter(({ tables: { length } }) => length > 0),
    ...ofOthers.map(([name]) => ({ by: '', tables: [name], allow: '' })),
  ];
}

/** The policy of firewalld's own chain is to accept, but its last rule rejects. */
function drops({ dropsForwarded, name }: Chain): boolean {
  return dropsForwarded || name === firewalldZones;
}
