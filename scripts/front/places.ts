import { sessions } from '../../client/connection/methods.ts';
import { parseVolume } from '../../client/request/mounts.ts';
import { encodeFields } from '../../common/wire.ts';
import type { FlagKind } from './commands.ts';
import { addition, type Field, type MessageTree, messageTree, type Path } from './message-tree.ts';

/** Where a value stands in the first message of a session. */
export interface Place {
  readonly path: Path;
  /** 0: there is no value. */
  readonly tag: number;
  /** What stands beside it, whatever the value. */
  readonly fixed: Uint8Array;
}

/** What C does with the values of a kind of flag. */
export interface Conversion {
  /** Values, in those forms that C does not leave to the TypeScript client; each list is given to one command line. */
  readonly samples: readonly (readonly string[])[];
  /** The value of the field, as it is encoded. */
  convert(text: string): Uint8Array;
}

/** The kinds whose flags add the same fields always. */
type FixedKind = 'TRUE' | 'STDIN' | 'TTY' | 'WORD';

const utf8 = (text: string): Uint8Array => Buffer.from(text);
/** Without the tag of the field, which takes one byte. */
const varint = (value: number): Uint8Array => encodeFields([1, value]).subarray(1);

const units: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

export const conversions: Readonly<Record<Exclude<FlagKind, FixedKind>, Conversion>> = {
  TEXT: { samples: [['a'], ['é b=c:d']], convert: utf8 },
  LIST: { samples: [['a'], ['é b', 'c=d', 'a']], convert: utf8 },
  PAIR: { samples: [['A=b'], ['é x=y=z', 'B=']], convert: utf8 },
  ENTRY: {
    samples: [['a=b'], ['é=c=d', 'e=', 'f']],
    convert(text) {
      const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
      return encodeFields([1, name], [2, value]);
    },
  },
  MOUNT: {
    samples: [['/s:/t'], ['/s/é:/t:ro', 'data:/t/', 'data_1:/t:ro', '/:/t,u:rw']],
    convert(text) {
      const [source = '', target = '', option] = text.split(':');
      const { head, tail } = mountTemplate(source.startsWith('/'), option === 'ro');
      return Buffer.concat([head, encodeFields([2, source], [3, target]), tail]);
    },
  },
  NUMBER: { samples: [['1'], ['300'], ['999999']], convert: (text) => varint(Number(text)) },
  SIZE: {
    samples: [['1'], ['30b'], ['4k'], ['512m'], ['8388607g'], ['5K'], ['6M'], ['7G']],
    convert: (text) => varint(Number.parseInt(text, 10) * (units[text.slice(-1).toLowerCase()] ?? 1)),
  },
  CPUS: {
    samples: [['1.5'], ['2'], ['0.01'], ['12.75']],
    convert: (text) => varint(Math.round(Number(text) * 100) * 1000),
  },
};

/** What stands before and behind the source and the target in an encoded Mount. */
export interface MountTemplate {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

export function mountTemplate(isBind: boolean, isReadOnly: boolean): MountTemplate {
  const mount = parseVolume(`${isBind ? '/s' : 's'}:/t${isReadOnly ? ':ro' : ''}`);
  const request = sessions.Run.requestSerialize({ start: { spec: { mounts: [mount] } } });
  const [item] = [...messageTree('liker.v1.RunRequest', request).values()].flatMap(({ fields }) => fields);
  const places = encodeFields([2, mount.source ?? ''], [3, mount.target ?? '']);
  const bytes = Buffer.from(item?.value ?? []);
  const start = bytes.indexOf(places);
  if (start === -1) throw new Error('A Mount has other fields');
  return { head: bytes.subarray(0, start), tail: bytes.subarray(start + places.length) };
}

/** What a flag without a value adds to `base`. Throws an Error if that cannot be added. */
export function fixedPlace(base: MessageTree, other: MessageTree): Place {
  const { path, fields } = addition(base, other);
  return { path, tag: 0, fixed: encoded(fields) };
}

/** Where the values go that `make` puts into a message. Throws an Error if it does something else with them than C does. */
export function valuePlace(
  { samples, convert }: Conversion,
  base: MessageTree,
  make: (values: readonly string[]) => MessageTree,
): Place {
  const [place, ...others] = samples.map((values) => {
    const { path, fields } = addition(base, make(values));
    const wanted = values.map((value) => hex(convert(value)));
    const tag = fields.find(({ value }) => hex(value) === wanted[0])?.tag ?? 0;
    const found = fields.filter((field) => field.tag === tag).map(({ value }) => hex(value));
    if (found.join() !== wanted.join()) throw new Error(`'${values.join("', '")}' is not copied in this way`);
    return { path, tag, fixed: encoded(fields.filter((field) => field.tag !== tag)) };
  });
  if (place === undefined || others.some((other) => JSON.stringify(other) !== JSON.stringify(place)))
    throw new Error('Its field depends on its value');
  return place;
}

const encoded = (fields: readonly Field[]): Buffer => Buffer.concat(fields.map((field) => field.encoded));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
