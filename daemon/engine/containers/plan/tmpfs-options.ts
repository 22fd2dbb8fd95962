import { mountAttr } from '../../../kernel/plan/steps.ts';

const { RDONLY, NOSUID, NODEV, NOEXEC, NOATIME, RELATIME, STRICTATIME, ATIME, NODIRATIME, NOSYMFOLLOW } =
  mountAttr;

/** What an option does: it changes MOUNT_ATTR_* of the mount, or goes to the file system, with or without a value. */
type Effect = { readonly clear: number; readonly set: number } | { readonly value: RegExp | null };

const set = (attribute: number): Effect => ({ clear: 0, set: attribute });
const clear = (attribute: number): Effect => ({ clear: attribute, set: 0 });
const accessTime = (attribute: number): Effect => ({ clear: ATIME, set: attribute });
const flag: Effect = { value: null };
const value = (pattern: RegExp): Effect => ({ value: pattern });

/** The options of mount(8) and tmpfs(5) that the kernel takes for a tmpfs. An option that is too new for the kernel fails at the start. */
const effects = new Map<string, Effect>([
  ['size', value(/^\d+[kmgtpe%]?$/i)],
  ['nr_blocks', value(/^\d+[kmgtpe]?$/i)],
  ['nr_inodes', value(/^\d+[kmgtpe]?$/i)],
  ['mode', value(/^[0-7]{1,5}$/)],
  ['uid', value(/^\d+$/)],
  ['gid', value(/^\d+$/)],
  ['huge', value(/^(never|always|within_size|advise)$/)],
  ['mpol', value(/^(default|local|(prefer|bind|interleave)(=(static|relative))?:\d[\d,-]*)$/)],
  ['noswap', flag],
  ['inode32', flag],
  ['inode64', flag],
  ['defaults', set(0)],
  ['ro', set(RDONLY)],
  ['rw', clear(RDONLY)],
  ['nosuid', set(NOSUID)],
  ['suid', clear(NOSUID)],
  ['nodev', set(NODEV)],
  ['dev', clear(NODEV)],
  ['noexec', set(NOEXEC)],
  ['exec', clear(NOEXEC)],
  ['nosymfollow', set(NOSYMFOLLOW)],
  ['symfollow', clear(NOSYMFOLLOW)],
  ['nodiratime', set(NODIRATIME)],
  ['diratime', clear(NODIRATIME)],
  ['noatime', accessTime(NOATIME)],
  ['strictatime', accessTime(STRICTATIME)],
  // The kernel's default, which is what is left without the others.
  ...['atime', 'relatime', 'norelatime', 'nostrictatime'].map(
    (name) => [name, accessTime(RELATIME)] as const,
  ),
  ...['sync', 'async', 'dirsync', 'lazytime', 'nolazytime'].map((name) => [name, flag] as const),
]);

/** For a message: every option, those with a value as NAME=…. */
export const knownTmpfsOptions: readonly string[] = [...effects].map(([name, effect]) =>
  'value' in effect && effect.value ? `${name}=…` : name,
);

export function isTmpfsOption(word: string): boolean {
  const [name, given] = split(word);
  const effect = effects.get(name);
  if (!effect) return false;
  const pattern = 'value' in effect ? effect.value : null;
  return pattern ? given !== null && pattern.test(given) : given === null;
}

/** MOUNT_ATTR_* and the options for fsconfig(2), from left to right: the last of a kind holds. */
export function applyTmpfsOptions(
  words: readonly string[],
  attributes: number,
): { readonly attributes: number; readonly options: readonly (readonly [string, string | null])[] } {
  const options: [string, string | null][] = [];
  let result = attributes;
  for (const word of words) {
    const [name, given] = split(word);
    const effect = effects.get(name);
    if (effect && 'set' in effect) result = (result & ~effect.clear) | effect.set;
    else options.push([name, given]);
  }
  return { attributes: result, options };
}

function split(word: string): [string, string | null] {
  const equals = word.indexOf('=');
  return equals === -1 ? [word, null] : [word.slice(0, equals), word.slice(equals + 1)];
}
