import { badArgument, type LikerError } from '../../common/errors.ts';
import { parseBytes } from '../../common/units.ts';
import type { MountInput } from '../../proto/gen/types/liker/v1/Mount.ts';
import { splitCsv } from './csv.ts';
import { absolutePath, looksLikePath } from './paths.ts';

const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

/** Accepted and without effect: relabelling is not done here, and consistency concerns other systems. */
const ignored = ['rw', 'rbind', 'z', 'Z', 'cached', 'delegated', 'consistent'];

function bad(flag: string, text: string, why: string): LikerError {
  return badArgument(flag, `Bad --${flag} '${text}': ${why}`);
}

/** -v SOURCE:TARGET[:OPTIONS]. The source is made when it is missing, as with Docker. */
export function parseVolume(text: string): MountInput {
  const [source = '', target, options = '', ...more] = text.split(':');
  if (target === undefined || !looksLikePath(source)) {
    throw bad(
      'volume',
      text,
      'named and anonymous volumes are not supported yet; give SOURCE:TARGET with a path as SOURCE',
    );
  }
  if (more.length > 0) throw bad('volume', text, 'too many colons');
  if (!target.startsWith('/')) throw bad('volume', text, `the target '${target}' is not an absolute path`);
  const words = options.split(',').filter((word) => word !== '');
  const unknown = words.find((word) => !['ro', 'bind', ...ignored, ...propagations].includes(word));
  if (unknown !== undefined) throw bad('volume', text, `unknown option '${unknown}'`);
  return {
    type: 'TYPE_BIND',
    source: absolutePath(source),
    target,
    readOnly: words.includes('ro'),
    propagation: words.find((word) => propagations.includes(word)) ?? '',
    nonRecursive: words.includes('bind'),
    createSource: true,
  };
}

/** --tmpfs PATH[:OPTIONS]. */
export function parseTmpfs(text: string): MountInput {
  const colon = text.indexOf(':');
  const target = colon === -1 ? text : text.slice(0, colon);
  if (!target.startsWith('/')) throw bad('tmpfs', text, `'${target}' is not an absolute path`);
  const options =
    colon === -1
      ? []
      : text
          .slice(colon + 1)
          .split(',')
          .filter((option) => option !== '');
  return {
    type: 'TYPE_TMPFS',
    target,
    readOnly: options.includes('ro'),
    options: options.filter((option) => option !== 'ro' && option !== 'rw'),
  };
}

/** --mount type=bind|tmpfs,KEY=VALUE,… in Docker's keys. */
export function parseMount(text: string): MountInput {
  const fields = new Map<string, string>();
  for (const field of splitCsv(text)) {
    const equals = field.indexOf('=');
    const key = (equals === -1 ? field : field.slice(0, equals)).trim().toLowerCase();
    fields.set(canonicalKey(key), equals === -1 ? 'true' : field.slice(equals + 1));
  }
  const target = fields.get('target');
  if (target === undefined) throw bad('mount', text, 'target is missing');
  if (!target.startsWith('/')) throw bad('mount', text, `the target '${target}' is not an absolute path`);
  switch (fields.get('type')) {
    case 'bind':
      return bindMount(text, target, fields);
    case 'tmpfs':
      return tmpfsMount(text, target, fields);
    default:
      throw bad(
        'mount',
        text,
        `type=${fields.get('type') ?? 'volume'} is not supported; use type=bind or type=tmpfs`,
      );
  }
}

function canonicalKey(key: string): string {
  if (key === 'src') return 'source';
  if (key === 'dst' || key === 'destination') return 'target';
  return key === 'ro' ? 'readonly' : key;
}

function bindMount(text: string, target: string, fields: ReadonlyMap<string, string>): MountInput {
  checkKeys(text, fields, [
    'source',
    'bind-propagation',
    'bind-nonrecursive',
    'bind-recursive',
    'bind-create-src',
  ]);
  const source = fields.get('source');
  if (source === undefined || source === '') throw bad('mount', text, 'source is missing');
  const propagation = fields.get('bind-propagation') ?? '';
  if (propagation !== '' && !propagations.includes(propagation)) {
    throw bad('mount', text, `bind-propagation is one of ${propagations.join(', ')}`);
  }
  return {
    type: 'TYPE_BIND',
    source: absolutePath(source),
    target,
    readOnly: truth(text, fields, 'readonly'),
    propagation,
    nonRecursive: truth(text, fields, 'bind-nonrecursive') || fields.get('bind-recursive') === 'disabled',
    createSource: truth(text, fields, 'bind-create-src'),
  };
}

function tmpfsMount(text: string, target: string, fields: ReadonlyMap<string, string>): MountInput {
  checkKeys(text, fields, ['tmpfs-size', 'tmpfs-mode']);
  const size = fields.get('tmpfs-size');
  const mode = fields.get('tmpfs-mode');
  if (mode !== undefined && !/^[0-7]{1,5}$/.test(mode))
    throw bad('mount', text, 'tmpfs-mode is an octal number');
  const options = [
    ...(size === undefined ? [] : [`size=${parseBytes(size, 'mount')}`]),
    ...(mode === undefined ? [] : [`mode=${mode}`]),
  ];
  return { type: 'TYPE_TMPFS', target, readOnly: truth(text, fields, 'readonly'), options };
}

function checkKeys(text: string, fields: ReadonlyMap<string, string>, known: readonly string[]): void {
  const all = ['type', 'target', 'readonly', 'consistency', ...known];
  const unknown = [...fields.keys()].find((key) => !all.includes(key));
  if (unknown !== undefined)
    throw bad('mount', text, `unknown key '${unknown}' for type=${fields.get('type')}`);
}

function truth(text: string, fields: ReadonlyMap<string, string>, key: string): boolean {
  const value = fields.get(key) ?? 'false';
  if (/^(true|1)$/.test(value)) return true;
  if (/^(false|0)$/.test(value)) return false;
  throw bad('mount', text, `${key} is true or false`);
}
