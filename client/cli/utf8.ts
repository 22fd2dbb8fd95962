import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { badArgument } from '../../common/errors.ts';
import { UsageError } from './usage-error.ts';

// All text in the API is UTF-8. Node.js replaces invalid bytes in arguments, environment and files with U+FFFD, so that a program
// would get other text than the user gave.
const replacement = '\uFFFD';

/** Throws a UsageError if an argument is not UTF-8. */
export function requireUtf8Arguments(argv: readonly string[]): void {
  if (!argv.some((text) => text.includes(replacement))) return;
  const given = fields('/proc/self/cmdline').slice(-argv.length);
  const at = given.findIndex((bytes) => !isUtf8(bytes));
  if (at === -1) return;
  throw new UsageError('', `argument ${at + 1}, '${argv[at]}', is not UTF-8: give it in UTF-8`);
}

/** The value of an environment variable. Throws BAD_ARGUMENT if it is not UTF-8. */
export function requireUtf8Variable(name: string, value: string): string {
  if (!value.includes(replacement)) return value;
  const found = fields('/proc/self/environ').find((bytes) => bytes.toString().startsWith(`${name}=`));
  if (found === undefined || isUtf8(found)) return value;
  throw badArgument('env', `Cannot pass on the variable '${name}': its value is not UTF-8`);
}

/** The text of a file. Throws BAD_ARGUMENT with the line number if it is not UTF-8. */
export function utf8Text(bytes: Buffer, file: string, flag: string): string {
  if (isUtf8(bytes)) return bytes.toString();
  let line = 1;
  for (let start = 0; ; line++) {
    const end = bytes.indexOf('\n', start);
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  throw badArgument(
    flag,
    `Cannot read --${flag} '${file}': line ${line} is not UTF-8; convert the file, such as with 'iconv -f latin1 -t utf-8'`,
  );
}

/** The NUL-terminated strings in a file of proc(5). */
function fields(path: string): Buffer[] {
  const bytes = readFileSync(path);
  const found: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start);
    found.push(bytes.subarray(start, end === -1 ? bytes.length : end));
    start = end === -1 ? bytes.length : end + 1;
  }
  return found;
}
