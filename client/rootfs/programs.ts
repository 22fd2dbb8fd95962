import { accessSync, constants, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { LikerError } from '../../common/errors.ts';
import { own } from '../../common/own.ts';

/** The programs that a user expects in a shell. Those that this machine lacks are left out. */
const expected = `
  bash sh
  [ arch b2sum base32 base64 basename basenc cat chcon chgrp chmod chown chroot cksum comm cp csplit cut date dd df
  dir dircolors dirname du echo env expand expr factor false fmt fold groups head hostid id install join link ln
  logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pinky pr printenv printf
  ptx pwd readlink realpath rm rmdir runcon seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort
  split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname unexpand uniq
  unlink users vdir wc who whoami yes
  grep egrep fgrep sed awk find xargs diff cmp tar gzip gunzip zcat which getent
  ps top free uptime kill pgrep pkill pidof pmap pwdx sysctl vmstat w watch
  hostname mount umount mountpoint findmnt more flock setsid taskset prlimit renice rev column hexdump dmesg
  vi less clear reset tset tput infocmp ip ss ping
`
  .trim()
  .split(/\s+/);

/** Programs that can stand in for others: the first one found is taken. */
const substitutes: Readonly<Record<string, readonly string[]>> = {
  // A full vim needs its runtime files beside it; vim.tiny is complete.
  vi: ['vim.tiny', 'vi'],
  awk: ['awk', 'mawk', 'gawk'],
};

const folders = ['/usr/bin', '/usr/sbin', '/bin', '/sbin'];

/** A program of this machine, with its name in /usr/bin of the new root. */
export interface Program {
  readonly name: string;
  /** Absolute path on this machine; may be a link. */
  readonly path: string;
}

/** The programs for every root file system, as far as this machine has them. */
export function expectedPrograms(search: readonly string[] = folders): Program[] {
  return expected.flatMap((name) => {
    const path = (own(substitutes, name) ?? [name])
      .map((candidate) => find(candidate, search))
      .find((one) => one);
    return path === undefined ? [] : [{ name, path }];
  });
}

/** Finds a program by name or path. Throws BAD_ARGUMENT if this machine has none. */
export function wantedProgram(text: string, search: readonly string[] = searchPath()): Program {
  const path = text.includes('/') ? executable(resolve(text)) : find(text, search);
  if (path !== undefined) return { name: basename(path), path };
  const why = text.includes('/') ? 'there is no such program' : 'it is not on this machine';
  throw new LikerError('BAD_ARGUMENT', `Cannot add '${text}' to the root file system: ${why}`, {
    field: 'with',
    metadata: { program: text },
  });
}

/** The system's folders come first: what precedes them in PATH is often only a wrapper. */
function searchPath(): string[] {
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return [...new Set([...folders, ...path])];
}

function find(name: string, search: readonly string[]): string | undefined {
  return search.map((folder) => executable(join(folder, name))).find((path) => path !== undefined);
}

function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? path : undefined;
  } catch {
    return undefined;
  }
}

/** The words of a script's first line, ['/usr/bin/env', 'python3'] for '#!/usr/bin/env python3'; empty for any other file. */
export function interpreterOf(start: Buffer): string[] {
  if (start.toString('latin1', 0, 2) !== '#!') return [];
  const line = start.toString('utf8', 2, 256).split('\n', 1)[0] ?? '';
  return line.trim().split(/\s+/).filter(Boolean);
}
