import { readFileSync } from 'node:fs';
import { asError, LikerError } from '../../../../common/errors.ts';
import { nfnetlink, nfnetlinkNow } from '../../../native/libliker.ts';
import { libnftables } from '../../../native/libnftables.ts';
import { addressBytes } from '../address.ts';
import { type Answer, decodeAnswers, encodeRequests, type Refusal, type Request } from '../netlink.ts';
import {
  chainsOf,
  chainsRequest,
  changeRequests,
  commentOf,
  countRules,
  elementsRequest,
  fillRequests,
  keysOf,
  probeRequest,
  removeTableRequests,
  rulesRequest,
  tableRequest,
} from './batch.ts';
import { openToLoopback, servesLoopback6 } from './bridge-settings.ts';
import {
  type Element,
  elementKey,
  elementsOf,
  grantedSets,
  ofSwitch,
  type SetName,
  switches,
} from './elements.ts';
import { endDenied, linkOf } from './end-denied.ts';
import { Forwarding, type ForwardingPlace } from './forwarding.ts';
import { obstaclesOf } from './obstacles.ts';
import { makeTable, markerOf, ruleCount } from './ruleset.ts';
import type {
  FirewallChange,
  FirewallNetwork,
  FirewallPolicy,
  FirewallState,
  NetworkFirewall,
  Obstacle,
} from './state.ts';
import { TableWatch } from './table-watch.ts';

export interface FirewallPlace {
  /** The name of the table, in the family inet. */
  readonly table: string;
  readonly forwarding: ForwardingPlace;
  /** The resolver puts the addresses that names allow into the table again, of which some or all were taken out. */
  readonly tableMade: () => Promise<void>;
  /** What an administrator should know. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, string>) => void;
}

interface Waiting {
  readonly change: FirewallChange;
  readonly done: (error: Error | null) => void;
}

const retryMs = 1000;
const installs =
  "libnftables is missing; run 'sudo apt-get install libnftables1', or install nftables as this system does";

/** Elements that a change has touched, as they were before. */
type Touched = Map<string, Element | undefined>;

/**
 * What the table is to hold is kept in memory, for when somebody removes it. Changes go to the kernel one after the other; those that come
 * meanwhile go together.
 */
export class Firewall implements NetworkFirewall {
  readonly #place: FirewallPlace;
  readonly #forwarding: Forwarding;
  readonly #elements = new Map<string, Element>();
  /** How many of them a set has. */
  readonly #sizes = new Map<SetName, number>();
  #networks = new Map<string, FirewallNetwork>();
  /** By link. */
  #policies = new Map<string, FirewallPolicy>();
  #waiting: Waiting[] = [];
  #turn: Promise<void> = Promise.resolve();
  /** Tells when the table may have changed; null: we have none. */
  #watch: TableWatch | null = null;
  #retry: NodeJS.Timeout | null = null;
  #isUsable = false;
  /** The kernel's answer to the last change was lost: what it has is not known. */
  #isUnsure = false;

  constructor(place: FirewallPlace) {
    this.#place = place;
    this.#forwarding = new Forwarding(place.forwarding);
  }

  problem(): string {
    if (this.#isUsable) return '';
    const why = kernelProblem() || (libnftables() === null ? installs : '');
    this.#isUsable = why === '';
    return why;
  }

  apply(change: FirewallChange): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, done: (error) => (error ? reject(error) : resolve()) });
      void this.#inTurn(() => this.#takeWaiting());
    });
  }

  polices(link: string): boolean {
    return this.#policies.has(link);
  }

  endDenied(links: readonly string[] | null): Promise<void> {
    return this.#inTurn(async () => {
      if (links !== null) await this.#dropGranted(links);
      await this.#place.tableMade();
      await this.#endDenied(links ?? [...this.#policies.keys()]);
    });
  }

  async #endDenied(links: readonly string[]): Promise<void> {
    const policies = links.flatMap((link) => this.#policies.get(link) ?? []);
    if (policies.length > 0) await endDenied(policies, await this.#granted());
  }

  /** What the resolver has put into the table. */
  async #granted(): Promise<Element[]> {
    const found: Element[] = [];
    for (const set of grantedSets) {
      const { answers } = await this.#ask([elementsRequest(this.#place.table, set)]);
      found.push(...keysOf(answers).map((key) => ({ set, key })));
    }
    return found;
  }

  async #dropGranted(links: readonly string[]): Promise<void> {
    // One at a time: the time of one may be over meanwhile.
    for (const element of await this.#granted())
      if (links.includes(linkOf(element))) await this.#ask(changeRequests(this.#place.table, [element], []));
  }

  rebuild(state: FirewallState): Promise<void> {
    return this.#inTurn(async () => {
      this.#elements.clear();
      this.#sizes.clear();
      for (const element of elementsOf(state)) this.#put(elementKey(element), element);
      this.#networks = new Map(state.networks.map((network) => [network.bridge, network]));
      this.#policies = new Map(state.policies.map((policy) => [policy.link, policy]));
      if (state.networks.length === 0 && state.ports.length === 0) return this.#remove();
      this.#noteOwn(new Map());
      this.#forward(networksThatForward(state));
      await this.#open();
      for (const network of state.networks) openBridge(network);
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isEmpty) await this.#remove();
      this.#stopWatching();
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #takeWaiting(): Promise<void> {
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length === 0) return;
    try {
      await this.#commit(group.map(({ change }) => change));
      for (const { done } of group) done(null);
    } catch (error) {
      if (group.length === 1) return group[0]?.done(asError(error));
      // Of several, only those fail that would fail alone.
      for (const { change, done } of group)
        await this.#commit([change]).then(
          () => done(null),
          (failure: unknown) => done(asError(failure)),
        );
    }
  }

  async #commit(changes: readonly FirewallChange[]): Promise<void> {
    const [networks, policies] = [new Map(this.#networks), new Map(this.#policies)];
    const touched: Touched = new Map();
    const wasUnsure = this.#isUnsure;
    try {
      for (const change of changes) this.#take(change, touched);
      this.#noteOwn(touched);
      this.#forward(changes.flatMap(({ add }) => networksThatForward(add ?? {})));
      await this.#send(touched);
      for (const network of changes.flatMap(({ add }) => add?.networks ?? []))
        if (this.#networks.has(network.bridge)) openBridge(network);
    } catch (error) {
      this.#networks = networks;
      this.#policies = policies;
      for (const [key, before] of touched) this.#put(key, before);
      throw error;
    }
    if (this.#isEmpty && (touched.size > 0 || wasUnsure)) await this.#remove();
  }

  /** Another container may have got a port, before the one that had it is out of here: then what it has stays. */
  #take({ add = {}, remove = {} }: FirewallChange, touched: Touched): void {
    const replaced = [...(remove.policies ?? []), ...(add.policies ?? [])].flatMap(
      ({ link }) => this.#policies.get(link) ?? [],
    );
    for (const element of elementsOf({ ...remove, policies: replaced })) {
      const key = elementKey(element);
      if (isSame(this.#elements.get(key), element)) this.#set(touched, key, null);
    }
    for (const element of elementsOf(add)) this.#set(touched, elementKey(element), element);
    for (const { link } of remove.policies ?? []) this.#policies.delete(link);
    for (const policy of add.policies ?? []) this.#policies.set(policy.link, policy);
    for (const { bridge } of remove.networks ?? []) this.#networks.delete(bridge);
    for (const network of add.networks ?? []) this.#networks.set(network.bridge, network);
  }

  #set(touched: Touched, key: string, element: Element | null): void {
    if (!touched.has(key)) touched.set(key, this.#elements.get(key));
    this.#put(key, element ?? undefined);
  }

  #put(key: string, element: Element | undefined): void {
    const before = this.#elements.get(key);
    if (before) this.#count(before.set, -1);
    if (element) this.#count(element.set, 1);
    if (element) this.#elements.set(key, element);
    else this.#elements.delete(key);
  }

  #count(set: SetName, change: 1 | -1): void {
    this.#sizes.set(set, (this.#sizes.get(set) ?? 0) + change);
  }

  /** What follows from the host, and from the other elements. */
  #noteOwn(touched: Touched): void {
    // br_netfilter may be loaded at any time.
    this.#note(loopback6, !servesLoopback6(), touched);
    for (const [name, sets] of Object.entries(switches)) {
      const isOn = sets.some((set) => (this.#sizes.get(set) ?? 0) > 0);
      for (const element of ofSwitch(name as keyof typeof switches)) this.#note(element, isOn, touched);
    }
  }

  #note(element: Element, isWanted: boolean, touched: Touched): void {
    const key = elementKey(element);
    if (this.#elements.has(key) !== isWanted) this.#set(touched, key, isWanted ? element : null);
  }

  get #isEmpty(): boolean {
    return this.#elements.size === (this.#elements.has(elementKey(loopback6)) ? 1 : 0);
  }

  async #send(touched: Touched): Promise<void> {
    const changed = [...touched].filter(([key, before]) => !isSame(before, this.#elements.get(key)));
    if (changed.length === 0 && !this.#isUnsure) return;
    if (this.#watch === null || this.#isUnsure) return this.#open();
    const remove = changed.flatMap(([, before]) => before ?? []);
    const add = changed.flatMap(([key]) => this.#elements.get(key) ?? []);
    this.#isUnsure = true;
    const isDone = await this.#ask(changeRequests(this.#place.table, remove, add)).then(
      ({ refused }) => refused === null,
      () => false,
    );
    if (isDone) this.#isUnsure = false;
    else await this.#open();
  }

  /** The table, with all that it is to hold, whatever there is. */
  async #open(): Promise<void> {
    const why = this.problem();
    if (why) throw new LikerError('NETWORK_UNAVAILABLE', `Cannot set up the firewall: ${why}`);
    this.#watch ??= this.#startWatching();
    await this.#makeIfMissing();
    this.#isUnsure = true;
    const { refused } = await this.#ask(fillRequests(this.#place.table, [...this.#elements.values()]));
    if (refused) throw refusedBy('change the firewall', refused);
    this.#isUnsure = false;
  }

  async #makeIfMissing(): Promise<boolean> {
    const { table } = this.#place;
    const { answers, refused } = await this.#ask([tableRequest(table), rulesRequest(table)]);
    if (refused && refused.errno !== 'ENOENT') throw refusedBy('look at the firewall', refused);
    if (commentOf(answers)?.includes(markerOf(table)) && countRules(answers) === ruleCount) return false;
    await libnftables()?.run(makeTable(table));
    return true;
  }

  /** Nothing is left that needs it. */
  async #remove(): Promise<void> {
    this.#stopWatching();
    await this.#ask(removeTableRequests(this.#place.table));
    if (!this.#forwarding.isHeld) return;
    const other = await this.#otherForwarder();
    const setBack = other === null ? this.#forwarding.release() : '';
    if (setBack)
      this.#place.log('info', 'forwarding is off again, as it was before the first network', { setBack });
    if (other !== null) this.#place.log('info', 'forwarding stays on: others may need it', { table: other });
  }

  /** Those who have rules for forwarded packets would not have enabled it themselves if it was on when they came. */
  async #otherForwarder(): Promise<string | null> {
    const others = await this.#otherChains();
    const [chain] = others.filter(({ type }) => type === 'nat');
    if (chain) return `${chain.family} ${chain.table}`;
    return hasLegacyNat() ? 'nat of iptables-legacy' : null;
  }

  async #otherChains() {
    const { answers } = await this.#ask([chainsRequest]);
    return chainsOf(answers).filter(({ table }) => table !== this.#place.table);
  }

  #forward(networks: readonly Pick<FirewallNetwork, 'subnets'>[]): void {
    if (networks.length === 0) return;
    try {
      const enabled = this.#forwarding.require({ v6: networks.some(hasIpv6) });
      if (enabled)
        this.#place.log('info', 'enabled forwarding, which networks of containers need', { enabled });
    } catch (error) {
      const { message } = asError(error);
      throw new LikerError(
        'NETWORK_UNAVAILABLE',
        `Cannot let the host forward the packets of containers: ${message}`,
      );
    }
  }

  #startWatching(): TableWatch {
    void this.#warnOfObstacles();
    return new TableWatch(this.#place.table, () => this.#check());
  }

  #stopWatching(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    this.#watch?.[Symbol.dispose]();
    this.#watch = null;
  }

  /** Somebody may have removed the table, such as with `nft flush ruleset`. */
  #check(): void {
    this.#inTurn(async () => {
      if (this.#isEmpty || (this.#watch !== null && !(await this.#makeIfMissing()))) return;
      await this.#open();
      await this.#place.tableMade();
      await this.#endDenied([...this.#policies.keys()]);
      this.#place.log('warn', 'made the firewall again, which somebody had removed', {
        table: this.#place.table,
      });
    }).catch((error: unknown) => {
      this.#place.log('error', 'cannot make the firewall again, which somebody has removed', {
        error: asError(error).message,
      });
      this.#checkLater();
    });
  }

  #checkLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.#check();
    }, retryMs).unref();
  }

  async obstacles(): Promise<readonly Obstacle[]> {
    return obstaclesOf(await this.#otherChains());
  }

  async #warnOfObstacles(): Promise<void> {
    for (const { by, tables, allow } of await this.obstacles().catch(() => []))
      this.#place.log(
        'warn',
        'another firewall drops what containers send and get, unless it is allowed there',
        { tables: tables.join(', '), ...(by && { by, allow }) },
      );
  }

  async #ask(requests: readonly Request[]): Promise<{ answers: Answer[]; refused: Refusal | null }> {
    return decodeAnswers(await nfnetlink(encodeRequests(requests)));
  }
}

/** Of two with the same key. */
function isSame(a: Element | undefined, b: Element | undefined): boolean {
  if (!a || !b) return a === b;
  return (a.data ?? none).equals(b.data ?? none);
}

const none = Buffer.alloc(0);
const loopback6: Element = { set: 'unserved', key: addressBytes('::1') };

/** Between a routed link and the bridge of its network the host forwards, too. */
function networksThatForward({ networks = [], policies = [] }: Partial<FirewallState>) {
  return [...networks.filter(({ internal }) => !internal), ...policies.map(({ network }) => network)];
}

function hasIpv6({ subnets }: Pick<FirewallNetwork, 'subnets'>): boolean {
  return subnets.some((subnet) => subnet.includes(':'));
}

function openBridge(network: FirewallNetwork): void {
  openToLoopback(network.bridge, { v6: hasIpv6(network) });
}

function refusedBy(what: string, { errno, words }: Refusal): LikerError {
  return new LikerError('SYSCALL', `Cannot ${what}: the kernel refused it (${words || errno})`, {
    syscall: { step: 'firewall', syscall: 'nfnetlink', errno, object: 'nftables' },
  });
}

function kernelProblem(): string {
  const missing =
    "this kernel has no nf_tables; run 'sudo modprobe nf_tables', or use a kernel with CONFIG_NF_TABLES_INET";
  try {
    const { refused } = decodeAnswers(nfnetlinkNow(encodeRequests([probeRequest])));
    if (refused === null) return '';
    return refused.errno === 'EPERM' ? 'likerd may not change the firewall (CAP_NET_ADMIN)' : missing;
  } catch {
    return missing;
  }
}

/** Rules of iptables-legacy, which nf_tables does not show. */
function hasLegacyNat(): boolean {
  try {
    return readFileSync('/proc/self/net/ip_tables_names', 'latin1').split('\n').includes('nat');
  } catch {
    return false;
  }
}
