import { netlink } from '../../native/libliker.ts';
import { ask, tryAsking } from './ask.ts';
import { classesRequest, type Rate, rateOf, rateRequests, removalRequest } from './htb.ts';
import { linkNamed, removeLink } from './links.ts';
import { decodeAnswers, encodeRequests, type Request } from './netlink.ts';
import { receiveFreely, receiveThrough } from './received.ts';
import { getLinkRequest, ifbRequest, linksOf, setLinkRequest } from './rtnetlink.ts';

/**
 * Rates of a container's interface, held at the host's end of its veth, which nobody inside can reach: what it receives waits in a queue
 * (htb) of that end, what it sends in one of a link of ifb beside it.
 */
export interface HostEnd {
  /** Of the host's end. */
  readonly name: string;
  /** As of the host's end: by it a start-up finds what is left. */
  readonly alias: string;
}

/** Of the link of ifb, by the name of the host's end: lv… and li…. */
export function senderName(name: string): string {
  return `li${name.slice(2)}`;
}

/** Makes the queue of what the container will send, or changes its rate. Its index goes into the endpoint. Throws SYSCALL. */
export async function prepareSender({ name, alias }: HostEnd, rate: Rate): Promise<number> {
  const what = `limit what goes through '${name}'`;
  const index = (await linkNamed(senderName(name)))?.index ?? (await makeSender({ name, alias }, what));
  await ask('own', what, rateRequests(index, rate, await hasRate(index)));
  return index;
}

async function makeSender({ name, alias }: HostEnd, what: string): Promise<number> {
  const ifb = senderName(name);
  const answers = await ask('own', what, [
    ifbRequest({ name: ifb }),
    setLinkRequest({ name: ifb, alias, withoutOwnAddresses: true }),
    setLinkRequest({ name: ifb }, { isUp: true }),
    getLinkRequest({ name: ifb }),
  ]);
  return linksOf(answers)[0]?.index ?? 0;
}

/** The requests for the host's end itself, with the index of its queue for what is sent. `index` 0: to be filled in. */
export function endRequests(rate: Rate, sender: number, index = 0, isThere = false): Request[] {
  return [...rateRequests(index, rate, isThere), ...receiveThrough(index, sender)];
}

/** Limits an interface that exists to a rate, in both directions, in place of an earlier one. Throws SYSCALL. */
export async function setRate(end: HostEnd, rate: Rate): Promise<Rate | null> {
  const link = await linkNamed(end.name);
  if (link === null) return null;
  const sender = await prepareSender(end, rate);
  const requests = endRequests(rate, sender, link.index, await hasRate(link.index));
  await ask('own', `limit what goes through '${end.name}'`, requests);
  return readRate(end.name);
}

/** The rate to which an interface is limited; null: none. */
export async function readRate(name: string): Promise<Rate | null> {
  const link = await linkNamed(name);
  return link && rateOf(await ask('own', `read the rate of '${name}'`, [classesRequest(link.index)]));
}

/** Takes the limit away, and what it needed. Nothing to take away is no error. Throws SYSCALL. */
export async function freeRate(name: string): Promise<void> {
  const link = await linkNamed(name);
  if (link !== null) {
    // Each may be missing.
    await tryAsking('own', [receiveFreely(link.index)]);
    if (await hasRate(link.index)) await tryAsking('own', [removalRequest(link.index)]);
  }
  await removeLink(senderName(name));
}

async function hasRate(index: number): Promise<boolean> {
  return rateOf(await ask('own', 'read a rate', [classesRequest(index)])) !== null;
}

let problem: string | undefined;

/** Why this kernel cannot limit an interface in both directions; empty if it can. Tried once, in a new network namespace. */
export function rateProblem(): string {
  problem ??= tryRate();
  return problem;
}

/** Of the probe's link: nothing else is in the namespace but the loopback. */
const probe = 77;

function tryRate(): string {
  const parts: readonly (readonly [string, readonly Request[]])[] = [
    ['links of ifb (CONFIG_IFB)', [ifbRequest({ name: 'probe' }, { index: probe })]],
    [
      "the queue 'htb' (CONFIG_NET_SCH_HTB)",
      rateRequests(probe, { rateBits: 1_000_000, ceilBits: 1_000_000 }, false),
    ],
    [
      "a way to hold what is received ('ingress', 'u32', 'mirred': CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_U32, CONFIG_NET_ACT_MIRRED)",
      receiveThrough(probe, probe),
    ],
  ];
  try {
    const { refused } = decodeAnswers(
      netlink('new', encodeRequests(parts.flatMap(([, requests]) => requests))),
    );
    if (refused === null) return '';
    const numbered = parts.flatMap(([what, requests]) => requests.map(() => what));
    const lacking = numbered[refused.request - 1] ?? 'something';
    return `this kernel lacks ${lacking}: ${refused.words || refused.errno}`;
  } catch (error) {
    return `no network namespace can be made to try it in: ${(error as Error).message}`;
  }
}
