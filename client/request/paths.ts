import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** A path rather than a name: it starts with /, . or ~. */
export function looksLikePath(text: string): boolean {
  return /^(\/|\.\.?($|\/)|~($|\/))/.test(text);
}

/** The absolute path that the user means, seen from likerctl's own folder. */
export function absolutePath(text: string): string {
  return resolve(/^~($|\/)/.test(text) ? join(homedir(), text.slice(1)) : text);
}
