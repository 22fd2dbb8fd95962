import { badArgument } from '../../../common/errors.ts';
import { own } from '../../../common/own.ts';

const flags = new Set([
  ...['ro', 'rw', 'suid', 'nosuid', 'dev', 'nodev', 'exec', 'noexec', 'sync', 'async', 'dirsync'],
  ...['atime', 'noatime', 'diratime', 'nodiratime', 'relatime', 'norelatime', 'strictatime', 'nostrictatime'],
]);

/** What the kernel's tmpfs takes with a value (tmpfs(5)). */
const values: Readonly<Record<string, RegExp>> = {
  size: /^\d+[kmg%]?$/i,
  nr_blocks: /^\d+[kmg]?$/i,
  nr_inodes: /^\d+[kmg]?$/i,
  mode: /^[0-7]{1,5}$/,
  uid: /^\d+$/,
  gid: /^\d+$/,
};

/** Options of a tmpfs, one each: size=64m, mode=1777, noexec. */
export function parseTmpfsOptions(options: readonly string[], field: string): string[] {
  return options.map((option, index) => {
    const [name = '', value] = option.split(/=(.*)/s, 2);
    const known = value === undefined ? flags.has(name) : (own(values, name)?.test(value) ?? false);
    if (!known) {
      throw badArgument(
        `${field}[${index}]`,
        `Invalid tmpfs option '${option}': use ${[...Object.keys(values).map((key) => `${key}=…`), ...flags].join(', ')}`,
      );
    }
    return option;
  });
}
