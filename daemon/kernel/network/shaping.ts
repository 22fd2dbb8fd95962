import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { badArgument, LikerError } from '../../../common/errors.ts';
import { netlink } from '../../native/libliker.ts';
import {
  classesRequest,
  qdiscsRequest,
  type Rate,
  type RootQdisc,
  rateOf,
  rateRequests,
  removalRequest,
  rootQdiscs,
} from './htb.ts';
import {
  type Answer,
  attributesOf,
  decodeAnswers,
  encodeRequests,
  flag,
  message,
  type Request,
} from './netlink.ts';

export type { Rate } from './htb.ts';

const loopbackFlag = 0x8;
const linkBytes = 16;
const attributeOfName = 3;
/** The index of the loopback interface in every namespace. */
const loopbackIndex = 1;

const linksRequest: Request = {
  type: message.getLink,
  flags: flag.dump,
  body: Buffer.alloc(linkBytes),
};

interface Interface {
  readonly index: number;
  readonly name: string;
  readonly queue: RootQdisc | undefined;
}

function interfacesOf(answers: readonly Answer[]): Interface[] {
  const queues = rootQdiscs(answers);
  return answers
    .filter(({ type, payload }) => type === message.newLink && (payload.readUInt32LE(8) & loopbackFlag) === 0)
    .map(({ payload }) => {
      const index = payload.readInt32LE(4);
      const name = attributesOf(payload, linkBytes).get(attributeOfName)?.toString('utf8') ?? '';
      return {
        index,
        name: name.replace(/\0.*$/s, ''),
        queue: queues.find((queue) => queue.index === index),
      };
    });
}

function refusedBy(what: string, errno: string, words: string): LikerError {
  return new LikerError('LIMIT_REFUSED', `Cannot ${what}: the kernel refused it (${words || errno})`, {
    metadata: { controller: 'tc' },
    syscall: { step: 'network', syscall: 'sendmsg', errno, object: what },
  });
}

let problem: string | undefined;

/** Why this kernel cannot limit an interface to a rate; empty if it can. Tried once, in a new namespace. */
export function shapingProblem(): string {
  problem ??= tryShaping();
  return problem;
}

function tryShaping(): string {
  try {
    const rate = { rateBits: 1e6, ceilBits: 1e6 };
    const { refused } = decodeAnswers(
      netlink('new', encodeRequests(rateRequests(loopbackIndex, rate, false))),
    );
    return refused === null
      ? ''
      : `this kernel has no queue 'htb' (CONFIG_NET_SCH_HTB): ${refused.words || refused.errno}`;
  } catch (error) {
    return `no network namespace can be made to try it in: ${(error as Error).message}`;
  }
}

/** A network namespace that is held open, so that its file cannot come to mean another one. */
export class NetworkNamespace implements Disposable {
  readonly #fd: number;
  /** Its inode number, which identifies it. */
  readonly id: string;

  /** `path`: a file of the namespace, such as /proc/PID/ns/net. Throws the system's error. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r');
    this.id = String(fstatSync(this.#fd).ino);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #ask(what: string, requests: readonly Request[]): Answer[] {
    const { answers, refused } = decodeAnswers(netlink(this.#fd, encodeRequests(requests)));
    if (refused !== null) throw refusedBy(what, refused.errno, refused.words);
    return answers;
  }

  /** The interfaces other than the loopback. */
  interfaces(): Interface[] {
    return interfacesOf(this.#ask('list the network interfaces', [linksRequest, qdiscsRequest]));
  }

  /** Throws LIMIT_REFUSED if no rate can be set. Changes nothing. */
  check(): void {
    this.#requireUsable(this.interfaces());
  }

  /**
   * Limits what each interface sends, in place of an earlier limit; null removes it. A failure restores the earlier limit.
   * Throws LIMIT_REFUSED if there is no interface, or one has a queue that is not Liker's.
   */
  shape(rate: Rate | null): { readonly name: string; readonly effective: Rate | null }[] {
    const interfaces = this.interfaces();
    if (rate === null) {
      this.#free(interfaces);
      return interfaces.map(({ name }) => ({ name, effective: null }));
    }
    this.#requireUsable(interfaces);
    const before = interfaces.map(({ index, queue }) =>
      queue?.owner === 'ours' ? this.#rateAt(index) : null,
    );
    try {
      for (const { index, name, queue } of interfaces)
        this.#ask(`limit what interface '${name}' sends`, rateRequests(index, rate, queue?.owner === 'ours'));
    } catch (error) {
      this.#putBack(interfaces, before);
      throw error;
    }
    return interfaces.map(({ index, name }) => ({ name, effective: this.#rateAt(index) }));
  }

  #requireUsable(interfaces: readonly Interface[]): void {
    if (this.id === String(statSync('/proc/self/ns/net').ino)) throw hostsInterfaces();
    if (interfaces.length === 0) throw noInterface();
    const foreign = interfaces.find(({ queue }) => queue?.owner === 'other');
    if (foreign) throw othersQueue(foreign);
  }

  #rateAt(index: number): Rate | null {
    return rateOf(this.#ask('read the limit back', [classesRequest(index)]));
  }

  #free(interfaces: readonly Interface[]): void {
    for (const { index, name, queue } of interfaces)
      if (queue?.owner === 'ours') this.#ask(`free interface '${name}'`, [removalRequest(index)]);
  }

  #putBack(interfaces: readonly Interface[], before: readonly (Rate | null)[]): void {
    try {
      for (const now of this.interfaces()) {
        const rate = before[interfaces.findIndex(({ index }) => index === now.index)] ?? null;
        if (rate === null) this.#free([now]);
        else this.#ask('put the limit back', rateRequests(now.index, rate, true));
      }
    } catch {
      // The first failure is the one to report.
    }
  }
}

function hostsInterfaces(): LikerError {
  return new LikerError(
    'LIMIT_REFUSED',
    'its interfaces are those of the host; use --net-cls-classid and a class of your own, or another --network',
    { metadata: { controller: 'tc' } },
  );
}

function noInterface(): LikerError {
  return new LikerError(
    'LIMIT_REFUSED',
    'its network namespace has no interface other than the loopback; add one, or leave the limit out',
    { metadata: { controller: 'tc' } },
  );
}

function othersQueue({ name, queue }: Interface): LikerError {
  return new LikerError(
    'LIMIT_REFUSED',
    `interface '${name}' sends through a queue '${queue?.kind}' that somebody else has created; remove it first: ` +
      `tc qdisc delete dev ${name} root`,
    { metadata: { controller: 'tc', interface: name } },
  );
}

/** Throws BAD_ARGUMENT unless the file is one of a network namespace. */
export function checkNamespaceFile(path: string, field: string): void {
  const bad = (why: string) =>
    badArgument(
      field,
      `Cannot join the network namespace '${path}': ${why}; give a file such as /run/netns/NAME`,
    );
  let inode: { readonly dev: number };
  try {
    inode = statSync(path);
  } catch (error) {
    throw bad(
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it does not exist' : (error as Error).message,
    );
  }
  if (inode.dev !== statSync('/proc/self/ns/net').dev) throw bad('it is not a namespace');
}
