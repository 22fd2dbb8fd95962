/** Greatest uid or gid: 2^32 - 1 means "none" to the kernel. */
export const greatestId = 0xffff_fffe;

export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** A decimal uid or gid, digits only; null for everything else. No text ever becomes 0 by mistake. */
export function parseId(text: string): number | null {
  if (!/^[0-9]{1,10}$/.test(text)) return null;
  const id = Number(text);
  return id <= greatestId ? id : null;
}

function* records(file: string, least: number): Generator<string[]> {
  for (const line of file.split('\n')) {
    const fields = line.split(':');
    if (fields.length >= least && fields[0] !== '' && !line.startsWith('#')) yield fields;
  }
}

/** The entries of a passwd(5) file. A line that is not written as it must be is no entry. */
export function* passwdEntries(file: string): Generator<PasswdEntry> {
  for (const [name = '', , uidText = '', gidText = '', , home = ''] of records(file, 6)) {
    const [uid, gid] = [parseId(uidText), parseId(gidText)];
    if (uid !== null && gid !== null) yield { name, uid, gid, home };
  }
}

/** The entries of a group(5) file, as strictly. */
export function* groupEntries(file: string): Generator<GroupEntry> {
  for (const [name = '', , gidText = '', members = ''] of records(file, 3)) {
    const gid = parseId(gidText);
    if (gid !== null) yield { name, gid, members: members.split(',').map((member) => member.trim()) };
  }
}
