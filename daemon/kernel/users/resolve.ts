import { badArgument, LikerError } from '../../../common/errors.ts';
import { type GroupEntry, groupEntries, type PasswdEntry, parseId, passwdEntries } from './database.ts';

/** The container's own files. */
export interface UserFiles {
  /** The file's bytes; null when there is none. */
  read(path: string): Buffer | null;
}

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, each once. */
  readonly groups: readonly number[];
  /** "/" when nothing is known. */
  readonly home: string;
  /** Empty when the uid has no entry. */
  readonly name: string;
}

/** NGROUPS_MAX (limits.h). */
const mostGroups = 65_536;

const field = 'spec.process.user';

function unknown(what: 'user' | 'group', name: string, file: string): LikerError {
  return new LikerError(
    'UNKNOWN_USER',
    `Unknown ${what} '${name}': the container's ${file} has no such entry; give a number, or add the entry`,
    { field, metadata: { [what]: name, file } },
  );
}

function text(files: UserFiles, path: string): string {
  return files.read(path)?.toString('utf8') ?? '';
}

/** For a number, which needs no file: one that is refused (a device, a giant) is as good as none. */
function textIfGood(files: UserFiles, path: string): string {
  try {
    return text(files, path);
  } catch {
    return '';
  }
}

/** USER[:GROUP] apart. Throws BAD_ARGUMENT when it is written otherwise. */
function split(user: string): { name: string; group: string | null } {
  const parts = user.split(':');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not get near a line-based file
  if (parts.length > 2 || parts[1] === '' || /[\x00-\x1f\x7f]/.test(user)) {
    throw badArgument(field, `Not a user: '${user}'; give USER or USER:GROUP, each a name or a number`);
  }
  return { name: parts[0] === '' ? '0' : (parts[0] ?? '0'), group: parts[1] ?? null };
}

function first<T>(entries: Iterable<T>, matches: (entry: T) => boolean): T | null {
  for (const entry of entries) if (matches(entry)) return entry;
  return null;
}

function requireRange(name: string): void {
  if (/^-?\d+$/.test(name) && parseId(name) === null) {
    throw badArgument(field, `Id ${name} is out of range: give 0 to 4294967294`);
  }
}

function findUser(files: UserFiles, name: string): { uid: number; entry: PasswdEntry | null } {
  requireRange(name);
  const uid = parseId(name);
  const entries = passwdEntries(uid === null ? text(files, '/etc/passwd') : textIfGood(files, '/etc/passwd'));
  const entry = first(entries, (one) => (uid === null ? one.name === name : one.uid === uid));
  if (uid === null && entry === null) throw unknown('user', name, '/etc/passwd');
  return { uid: uid ?? entry?.uid ?? Number.NaN, entry };
}

function findGroup(groups: readonly GroupEntry[], name: string): number {
  requireRange(name);
  const gid = parseId(name) ?? groups.find((group) => group.name === name)?.gid;
  if (gid === undefined) throw unknown('group', name, '/etc/group');
  return gid;
}

/**
 * Who USER[:GROUP] (names or numbers; empty: root) is by the container's own passwd and group files, as in Docker: a
 * user with an entry and no GROUP gets the groups it is a member of; a uid without an entry has gid 0 and home "/".
 * Throws UNKNOWN_USER for a name that the files do not have, BAD_ARGUMENT for one that is none.
 */
export function resolveUser(
  files: UserFiles,
  user: string,
  additionalGroups: readonly string[],
): ResolvedUser {
  const { name, group } = split(user);
  const { uid, entry } = findUser(files, name);
  const wantsGroups = group !== null || entry !== null || additionalGroups.length > 0;
  const groups = wantsGroups ? [...groupEntries(text(files, '/etc/group'))] : [];
  const gid = group === null ? (entry?.gid ?? 0) : findGroup(groups, group);
  const own =
    group === null && entry !== null ? groups.filter(({ members }) => members.includes(entry.name)) : [];
  const added = additionalGroups.map((added) => findGroup(groups, added));
  const supplementary = [...new Set([...own.map((one) => one.gid), ...added])];
  if (supplementary.length > mostGroups) {
    throw badArgument(
      field,
      `User '${name}' is in ${supplementary.length} groups: the kernel takes ${mostGroups}`,
    );
  }
  const home = entry?.home.startsWith('/') ? entry.home : '/';
  return { uid, gid, groups: supplementary, home, name: entry?.name ?? '' };
}
