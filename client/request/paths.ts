import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** True for a path, which starts with /, . or ~, as opposed to a name. */
export function looksLikePath(text: string): boolean {
  return /^(\/|\.\.?($|\/)|~($|\/))/.test(text);
}

/** The absolute path, relative to likerctl's working directory; ~ stands for the home directory. */
export function absolutePath(text: string): string {
  return resolve(/^~($|\/)/.test(text) ? join(homedir(), text.slice(1)) : text);
}
