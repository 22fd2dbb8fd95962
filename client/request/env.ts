import { readFileSync } from 'node:fs';
import { badArgument } from '../../common/errors.ts';
import { own } from '../../common/own.ts';
import { fileProblem } from '../cli/file-problem.ts';
import { requireUtf8Variable, utf8Text } from '../cli/utf8.ts';
import { invalidFlag } from './invalid-flag.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** NAME=VALUE items from files, then from flags. NAME alone takes its value from `environment`; it is left out if unset there. */
export function collectEnv(
  files: readonly string[],
  items: readonly string[],
  environment: Environment = process.env,
): string[] {
  const fromFiles = files.flatMap((file) => fileLines(file, 'env-file').map((line) => checkName(line, file)));
  return [...fromFiles, ...items].flatMap((item) => {
    if (item === '' || item.startsWith('='))
      throw badArgument('env', `Invalid variable '${item}': it has no name`);
    if (item.includes('=')) return [item];
    const value = own(environment, item);
    return value === undefined ? [] : [`${item}=${requireUtf8Variable(item, value)}`];
  });
}

/** Labels from files, then from flags. NAME alone has an empty value. */
export function collectLabels(files: readonly string[], items: readonly string[]): Record<string, string> {
  const lines = files.flatMap((file) => fileLines(file, 'label-file'));
  return Object.fromEntries([...lines, ...items].map((item) => splitPair(item, 'label')));
}

/** Splits NAME=VALUE. Without `=` the value is empty. */
export function splitPair(item: string, field: string): [string, string] {
  const equals = item.indexOf('=');
  const name = equals === -1 ? item : item.slice(0, equals);
  if (name === '') throw invalidFlag(field, item, 'it has no name');
  return [name, equals === -1 ? '' : item.slice(equals + 1)];
}

/** The lines of a file without empty lines and comments. */
export function fileLines(file: string, flag: string): string[] {
  return readText(file, flag)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function readText(file: string, flag: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw badArgument(flag, `Cannot read --${flag} '${file}': ${fileProblem(error, 'read')}`);
  }
  return utf8Text(bytes, file, flag);
}

function checkName(line: string, file: string): string {
  const [name] = line.split('=', 1);
  if (/\s/.test(name ?? '')) {
    throw badArgument(
      'env-file',
      `Cannot read --env-file '${file}': the variable '${name}' has a blank in its name; remove it`,
    );
  }
  return line;
}
