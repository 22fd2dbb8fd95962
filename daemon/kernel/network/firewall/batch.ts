// nf_tables by netlink (linux/netfilter/nf_tables.h): elements, and what the table is like. A batch is one transaction.
import { type Answer, type Attribute, attributesOf, flag, nested, type Request, text } from '../netlink.ts';
import { type Element, type SetName, sets } from './elements.ts';

const nftables = 10;
const inet = 1;
const nestedFlag = 0x8000;
const generalBytes = 4;
/** An attribute's length has 16 bits. */
const elementsInMessage = 256;

const kind = {
  batchBegin: 16,
  batchEnd: 17,
  newTable: (nftables << 8) | 0,
  getTable: (nftables << 8) | 1,
  deleteTable: (nftables << 8) | 2,
  newChain: (nftables << 8) | 3,
  getChain: (nftables << 8) | 4,
  newRule: (nftables << 8) | 6,
  getRule: (nftables << 8) | 7,
  newElement: (nftables << 8) | 12,
  getElements: (nftables << 8) | 13,
  deleteElement: (nftables << 8) | 14,
  getGeneration: (nftables << 8) | 16,
} as const;

const tableName = 1;
const tableUserData = 6;
const list = { table: 1, set: 2, elements: 3, element: 1 } as const;
const part = { key: 1, data: 2, flags: 3, lastKey: 10 } as const;
const dataValue = 1;
const intervalEnd = 1;

function general(family: number, resource = 0): Buffer {
  return Buffer.from([family, 0, resource >> 8, resource & 0xff]);
}

function value(type: number, bytes: Buffer): Attribute {
  return { type: type | nestedFlag, value: nested([{ type: dataValue, value: bytes }]) };
}

function elementAttribute({ key, lastKey, isEnd, data }: Element, withData: boolean): Attribute {
  const flags = Buffer.from([0, 0, 0, isEnd ? intervalEnd : 0]);
  return {
    type: list.element | nestedFlag,
    value: nested([
      value(part.key, key),
      ...(lastKey ? [value(part.lastKey, lastKey)] : []),
      ...(isEnd ? [{ type: part.flags, value: flags }] : []),
      ...(withData && data ? [value(part.data, data)] : []),
    ]),
  };
}

function elementRequest(table: string, set: SetName, type: number, elements: readonly Element[]): Request {
  const isNew = type === kind.newElement;
  return {
    type,
    flags: isNew ? flag.create : 0,
    body: general(inet),
    attributes: [
      { type: list.table, value: text(table) },
      { type: list.set, value: text(set) },
      ...(elements.length === 0
        ? []
        : [
            {
              type: list.elements | nestedFlag,
              value: nested(elements.map((element) => elementAttribute(element, isNew))),
            },
          ]),
    ],
  };
}

function elementRequests(table: string, type: number, elements: readonly Element[]): Request[] {
  const bySet = Map.groupBy(elements, ({ set }) => set);
  return [...bySet].flatMap(([set, all]) =>
    Array.from({ length: Math.ceil(all.length / elementsInMessage) }, (_, index) =>
      elementRequest(table, set, type, all.slice(index * elementsInMessage, (index + 1) * elementsInMessage)),
    ),
  );
}

function batch(requests: readonly Request[]): Request[] {
  const edge = (type: number): Request => ({ type, flags: 0, body: general(0, nftables) });
  return [edge(kind.batchBegin), ...requests, edge(kind.batchEnd)];
}

/** Takes elements out of the table and puts others in, in one transaction. */
export function changeRequests(
  table: string,
  remove: readonly Element[],
  add: readonly Element[],
): Request[] {
  return batch([
    ...elementRequests(table, kind.deleteElement, remove),
    ...elementRequests(table, kind.newElement, add),
  ]);
}

/** Puts these elements in place of all that are in the table, in one transaction. */
export function fillRequests(table: string, elements: readonly Element[]): Request[] {
  return batch([
    ...(Object.keys(sets) as SetName[]).map((set) => elementRequest(table, set, kind.deleteElement, [])),
    ...elementRequests(table, kind.newElement, elements),
  ]);
}

/** All elements of a set. */
export function elementsRequest(table: string, set: string): Request {
  return {
    type: kind.getElements,
    flags: flag.dump,
    body: general(inet),
    attributes: [
      { type: list.table, value: text(table) },
      { type: list.set, value: text(set) },
    ],
  };
}

/** The keys among the answers. */
export function keysOf(answers: readonly Answer[]): Buffer[] {
  return answers
    .filter(({ type }) => type === kind.newElement)
    .flatMap(({ payload }) => listOf(attributesOf(payload, generalBytes).get(list.elements)))
    .flatMap((element) => {
      const key = attributesOf(element, 0).get(part.key);
      return key === undefined ? [] : (attributesOf(key, 0).get(dataValue) ?? []);
    });
}

/** The values of attributes of one type, such as a list has. */
function listOf(bytes: Buffer | undefined): Buffer[] {
  if (bytes === undefined) return [];
  const values: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4) break;
    values.push(bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return values;
}

export function removeTableRequests(table: string): Request[] {
  return batch([{ ...tableRequest(table), type: kind.deleteTable }]);
}

/** Answered by every kernel that has nf_tables. */
export const probeRequest: Request = { type: kind.getGeneration, flags: 0, body: general(0) };

export function tableRequest(table: string): Request {
  return {
    type: kind.getTable,
    flags: 0,
    body: general(inet),
    attributes: [{ type: tableName, value: text(table) }],
  };
}

export function rulesRequest(table: string): Request {
  return { ...tableRequest(table), type: kind.getRule, flags: flag.dump };
}

/** The comment of the table, raw; null without a table. */
export function commentOf(answers: readonly Answer[]): string | null {
  const table = answers.find(({ type }) => type === kind.newTable);
  if (!table) return null;
  return attributesOf(table.payload, generalBytes).get(tableUserData)?.toString('latin1') ?? '';
}

export function countRules(answers: readonly Answer[]): number {
  return answers.filter(({ type }) => type === kind.newRule).length;
}

export const chainsRequest: Request = { type: kind.getChain, flags: flag.dump, body: general(0) };

const families: Readonly<Record<number, string>> = { 1: 'inet', 2: 'ip', 10: 'ip6' };
const chain = { table: 1, name: 3, hook: 4, policy: 5, type: 7 } as const;
const hookNumber = 1;
const forward = 2;
const dropped = 0;

/** A chain of IP packets. */
export interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** filter, nat or route; empty: it is only gone to. */
  readonly type: string;
  /** It drops what is forwarded, if no rule of it says otherwise. */
  readonly dropsForwarded: boolean;
}

export function chainsOf(answers: readonly Answer[]): Chain[] {
  return answers.flatMap(({ type, payload }) => {
    const family = families[payload[0] ?? 0];
    if (type !== kind.newChain || family === undefined) return [];
    const attributes = attributesOf(payload, generalBytes);
    const hook = attributes.get(chain.hook);
    const isForward = hook !== undefined && attributesOf(hook, 0).get(hookNumber)?.readUInt32BE() === forward;
    return [
      {
        family,
        table: textOf(attributes.get(chain.table)),
        name: textOf(attributes.get(chain.name)),
        type: textOf(attributes.get(chain.type)),
        dropsForwarded: isForward && attributes.get(chain.policy)?.readUInt32BE() === dropped,
      },
    ];
  });
}

function textOf(bytes: Buffer | undefined): string {
  return (bytes?.toString('utf8') ?? '').replace(/\0.*$/s, '');
}
