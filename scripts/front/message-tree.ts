import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const { Reader, Root } = protobuf;
const root = Root.fromJSON(
  JSON.parse(readFileSync(join(import.meta.dirname, '../../proto/gen/liker.json'), 'utf8')),
);

/** Tags from the outermost message to a nested one. */
export type Path = readonly number[];

/** An encoded field: its tag, the bytes of its value without their length, and both as they are encoded. */
export interface Field {
  readonly tag: number;
  readonly value: Uint8Array;
  readonly encoded: Uint8Array;
}

/** An encoded message, of which each nested message is apart: by its path, in order, the outermost first. */
export type MessageTree = ReadonlyMap<string, { readonly path: Path; readonly fields: readonly Field[] }>;

const lengthDelimited = 2;

/** Takes a message of this type apart. Items of repeated fields and of maps stay as they are. */
export function messageTree(type: string, bytes: Uint8Array): MessageTree {
  const tree = new Map<string, { path: Path; fields: Field[] }>();
  const visit = (nested: protobuf.Type, path: Path, bytes: Uint8Array): void => {
    const fields: Field[] = [];
    tree.set(path.join(), { path, fields });
    const reader = Reader.create(bytes);
    while (reader.pos < reader.len) {
      const start = reader.pos;
      const tag = reader.uint32();
      const from = reader.pos;
      const isLengthDelimited = (tag & 7) === lengthDelimited;
      const value = isLengthDelimited ? reader.bytes() : bytes.subarray(from, reader.skipType(tag & 7).pos);
      const field = nested.fieldsById[tag >>> 3]?.resolve();
      if (field?.resolvedType instanceof protobuf.Type && !field.repeated && !field.map)
        visit(field.resolvedType, [...path, tag], value);
      else fields.push({ tag, value, encoded: bytes.subarray(start, reader.pos) });
    }
  };
  visit(root.lookupType(type), [], bytes);
  return tree;
}

/** Fields of one message within another. */
export interface Addition {
  readonly path: Path;
  readonly fields: readonly Field[];
}

/** The fields, all in one message, that make `base` into `other` when they follow those of `base`, of which the last one counts. */
export function addition(base: MessageTree, other: MessageTree): Addition {
  const found: Addition[] = [];
  for (const [key, { path, fields }] of other) {
    const before = base.get(key)?.fields ?? [];
    const known = new Set(before.map(hex));
    const added = fields.filter((field) => !known.has(hex(field)));
    const tags = new Set(fields.map(({ tag }) => tag));
    if (before.some(({ tag }) => !tags.has(tag))) throw new Error('It takes a field away');
    if (added.length > 0 || !base.has(key)) found.push({ path, fields: added });
  }
  if ([...base.keys()].some((key) => !other.has(key))) throw new Error('It takes a message away');
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`It changes ${found.length} messages`);
  return only;
}

const hex = ({ encoded }: Field): string => Buffer.from(encoded).toString('hex');

/** The tree without the fields of this tag in the message at `path`. */
export function without(
  tree: MessageTree,
  { path, tag }: { readonly path: Path; readonly tag: number },
): MessageTree {
  const key = path.join();
  const fields = tree.get(key)?.fields.filter((field) => field.tag !== tag) ?? [];
  return new Map([...tree, [key, { path, fields }]]);
}
