import type { LikerError } from '../../common/errors.ts';
import { own } from '../../common/own.ts';
import { parseBytes } from '../../common/units.ts';
import type { MountInput } from '../../proto/gen/types/liker/v1/Mount.ts';
import type { FlagValues } from '../cli/flag.ts';
import { splitCsv } from './csv.ts';
import { invalidFlag } from './invalid-flag.ts';
import { absolutePath, looksLikePath } from './paths.ts';

const propagations = [
  ...['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable'],
];

/** Accepted without effect: they concern virtual machines that share files, and SELinux. */
const consistencies = ['consistent', 'cached', 'delegated', 'default'];
const labels = ['z', 'Z'];

/** Options of -v for a path, in groups of which one option may be given. */
const bindOptions = [
  ['ro', 'rw', 'O'],
  propagations,
  ['bind', 'rbind'],
  ['idmap', 'noidmap'],
  labels,
  consistencies,
];
/** Those for a volume. */
const volumeOptions = [['ro', 'rw', 'O'], ['nocopy'], labels, consistencies];

/** The mounts of --volume, --mount and --tmpfs, in this order. */
export function parseMounts(flags: FlagValues): MountInput[] {
  return [
    ...flags.list('volume').map(parseVolume),
    ...flags.list('mount').map(parseMount),
    ...flags.list('tmpfs').map(parseTmpfs),
  ];
}

/**
 * Parses -v [SOURCE:]TARGET[:OPTIONS]. As in Docker, a SOURCE that is a path is a file or folder of the host, which is made if it is
 * missing, and any other is the name of a volume; without one the volume is anonymous.
 */
export function parseVolume(text: string): MountInput {
  const parts = text.split(':');
  const [source, target, options, ...more] = parts.length === 1 ? ['', ...parts] : parts;
  if (more.length > 0) throw invalidFlag('volume', text, 'it has too many colons');
  if (!target?.startsWith('/'))
    throw invalidFlag('volume', text, `the target '${target}' is not an absolute path`);
  const words = (options ?? '').split(',').filter((word) => word !== '');
  if (source === undefined || !looksLikePath(source)) return namedVolume(text, source ?? '', target, words);
  checkVolumeOptions(
    text,
    words.map((word) => word.replace(/^idmap=.*/s, 'idmap')),
    bindOptions,
  );
  return {
    type: 'TYPE_BIND',
    source: absolutePath(source),
    target,
    readOnly: words.includes('ro'),
    propagation: words.find((word) => propagations.includes(word)) ?? '',
    nonRecursive: words.includes('bind'),
    // As in Podman, what is to be seen in an overlay must be there.
    createSource: !words.includes('O'),
    overlay: words.includes('O'),
    idmap: parseIdmap(words.find((word) => /^(no)?idmap/.test(word))),
  };
}

function namedVolume(text: string, name: string, target: string, words: readonly string[]): MountInput {
  checkVolumeOptions(text, words, volumeOptions);
  return {
    type: 'TYPE_VOLUME',
    source: name,
    target,
    readOnly: words.includes('ro'),
    noCopy: words.includes('nocopy'),
    overlay: words.includes('O'),
  };
}

/** noidmap, idmap or idmap=MAP, as Podman has it, and idmap=none. */
function parseIdmap(option: string | undefined): string {
  if (option === undefined) return '';
  if (option === 'noidmap') return 'none';
  return option.replace(/^idmap=?/, '') || 'container';
}

function checkVolumeOptions(
  text: string,
  words: readonly string[],
  groups: readonly (readonly string[])[],
): void {
  const known = groups.flat();
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined)
    throw invalidFlag('volume', text, `unknown option '${unknown}'; known are ${known.join(', ')}`);
  for (const kind of groups) {
    const [first, second] = words.filter((word) => kind.includes(word));
    if (second !== undefined)
      throw invalidFlag('volume', text, `'${first}' and '${second}' exclude each other`);
  }
}

/** Parses --tmpfs PATH[:OPTIONS]. */
export function parseTmpfs(text: string): MountInput {
  const colon = text.indexOf(':');
  const target = colon === -1 ? text : text.slice(0, colon);
  if (!target.startsWith('/')) throw invalidFlag('tmpfs', text, `'${target}' is not an absolute path`);
  const words = colon === -1 ? [] : text.slice(colon + 1).split(',');
  return {
    type: 'TYPE_TMPFS',
    target,
    readOnly: words.includes('ro'),
    options: words.filter((option) => !['', 'ro', 'rw'].includes(option)),
  };
}

type Fields = ReadonlyMap<string, string>;

const badMount = (text: string, why: string): LikerError => invalidFlag('mount', text, why);

/** Parses --mount [type=volume|bind|tmpfs|image,]KEY=VALUE,… with Docker's keys, and Podman's for images. */
export function parseMount(text: string): MountInput {
  const fields = parseFields(text);
  const type = fields.get('type')?.toLowerCase() ?? 'volume';
  const kind = own(kinds, type);
  if (kind === undefined)
    throw badMount(text, `type=${type} is not supported; use ${Object.keys(kinds).join(', ')}`);
  const keys = [...commonKeys, ...kind.keys];
  const unknown = [...fields.keys()].find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw badMount(text, `unknown key '${unknown}' for type=${type}; known are ${keys.join(', ')}`);
  word(text, fields, 'consistency', consistencies);
  const target = fields.get('target');
  if (target === undefined) throw badMount(text, 'target is missing');
  if (!target.startsWith('/')) throw badMount(text, `the target '${target}' is not an absolute path`);
  return kind.parse(text, target, fields);
}

const commonKeys = ['type', 'target', 'readonly', 'consistency'];
const bindKeys = [
  ...['source', 'bind-propagation', 'bind-recursive', 'bind-nonrecursive', 'bind-create-src', 'idmap'],
  'overlay',
];
const imageKeys = ['source', 'image-subpath', 'subpath', 'rw', 'readwrite'];

type Parser = (text: string, target: string, fields: Fields) => MountInput;

const kinds: Readonly<Record<string, { readonly keys: readonly string[]; readonly parse: Parser }>> = {
  bind: { keys: bindKeys, parse: bindMount },
  tmpfs: { keys: ['tmpfs-size', 'tmpfs-mode'], parse: tmpfsMount },
  volume: {
    keys: ['source', 'volume-nocopy', 'volume-subpath', 'volume-driver', 'overlay'],
    parse: volumeMount,
  },
  image: { keys: imageKeys, parse: imageMount },
};

const aliases = new Map([
  ['src', 'source'],
  ['dst', 'target'],
  ['destination', 'target'],
  ['ro', 'readonly'],
]);

/** Splits the fields. As in Docker, a key without a value is true. */
function parseFields(text: string): Fields {
  const fields = new Map<string, string>();
  for (const field of splitCsv(text, 'mount')) {
    const equals = field.indexOf('=');
    const given = (equals === -1 ? field : field.slice(0, equals)).trim().toLowerCase();
    const key = aliases.get(given) ?? given;
    if (fields.has(key)) throw badMount(text, `'${key}' is given twice`);
    fields.set(key, equals === -1 ? 'true' : field.slice(equals + 1));
  }
  return fields;
}

function bindMount(text: string, target: string, fields: Fields): MountInput {
  const source = fields.get('source');
  if (source === undefined || source === '') throw badMount(text, 'source is missing');
  const propagation = word(text, fields, 'bind-propagation', propagations) ?? '';
  const recursive = word(text, fields, 'bind-recursive', ['enabled', 'disabled', 'writable', 'readonly']);
  const nonRecursive = truth(text, fields, 'bind-nonrecursive');
  const readOnly = truth(text, fields, 'readonly');
  const idmap = fields.get('idmap') ?? '';
  if (nonRecursive && recursive !== undefined && recursive !== 'disabled')
    throw badMount(text, `bind-nonrecursive and bind-recursive=${recursive} exclude each other`);
  if ((recursive === 'writable' || recursive === 'readonly') && !readOnly)
    throw badMount(text, `bind-recursive=${recursive} needs a read-only mount; add readonly`);
  if (recursive === 'readonly' && propagation !== '' && propagation !== 'rprivate')
    throw badMount(text, 'bind-recursive=readonly needs bind-propagation=rprivate');
  return {
    type: 'TYPE_BIND',
    source: absolutePath(source),
    target,
    readOnly,
    readOnlyNonRecursive: recursive === 'writable',
    propagation,
    nonRecursive: nonRecursive || recursive === 'disabled',
    createSource: truth(text, fields, 'bind-create-src'),
    idmap: idmap === 'true' ? 'container' : idmap,
    overlay: truth(text, fields, 'overlay'),
  };
}

function volumeMount(text: string, target: string, fields: Fields): MountInput {
  const source = fields.get('source') ?? '';
  if (looksLikePath(source))
    throw badMount(text, `'${source}' is a path, and no name of a volume; use type=bind`);
  word(text, fields, 'volume-driver', ['local']);
  return {
    type: 'TYPE_VOLUME',
    source,
    target,
    readOnly: truth(text, fields, 'readonly'),
    noCopy: truth(text, fields, 'volume-nocopy'),
    subpath: fields.get('volume-subpath') ?? '',
    overlay: truth(text, fields, 'overlay'),
  };
}

/** As in Podman, read-only unless rw is given: then what is written is thrown away. */
function imageMount(text: string, target: string, fields: Fields): MountInput {
  const source = fields.get('source') ?? '';
  if (source === '') throw badMount(text, 'source is missing: the name of an image');
  if (fields.has('image-subpath') && fields.has('subpath'))
    throw badMount(text, 'image-subpath and subpath are the same; give one');
  const isWritable = truth(text, fields, 'rw') || truth(text, fields, 'readwrite');
  const readOnly = fields.has('readonly') && truth(text, fields, 'readonly');
  if (isWritable && readOnly) throw badMount(text, 'readonly and rw exclude each other');
  return {
    type: 'TYPE_IMAGE',
    source,
    target,
    overlay: isWritable || (fields.has('readonly') && !readOnly),
    subpath: fields.get('image-subpath') ?? fields.get('subpath') ?? '',
  };
}

function tmpfsMount(text: string, target: string, fields: Fields): MountInput {
  const size = fields.get('tmpfs-size');
  const mode = fields.get('tmpfs-mode');
  if (mode !== undefined && !/^[0-7]{1,5}$/.test(mode))
    throw badMount(text, 'tmpfs-mode must be an octal number, such as 1777');
  const options = [
    ...(size === undefined ? [] : [`size=${parseBytes(size, '--mount tmpfs-size')}`]),
    ...(mode === undefined ? [] : [`mode=${mode}`]),
  ];
  return { type: 'TYPE_TMPFS', target, readOnly: truth(text, fields, 'readonly'), options };
}

/** The value of a key that accepts only `known` words; undefined if the key is missing. */
function word(text: string, fields: Fields, key: string, known: readonly string[]): string | undefined {
  const value = fields.get(key);
  if (value !== undefined && !known.includes(value))
    throw badMount(text, `${key} '${value}' is not known; use ${known.join(', ')}`);
  return value;
}

/** A boolean as Go's strconv.ParseBool reads it, as in Docker. */
function truth(text: string, fields: Fields, key: string): boolean {
  const value = fields.get(key) ?? 'false';
  if (/^(1|t|T|true|True|TRUE)$/.test(value)) return true;
  if (/^(0|f|F|false|False|FALSE)$/.test(value)) return false;
  throw badMount(text, `${key} must be true or false`);
}
