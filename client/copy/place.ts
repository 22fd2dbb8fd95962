import { posix } from 'node:path';

/** What an operand of cp names: a path in a container, a path of the host, or stdin and stdout. */
export type Place =
  | { readonly kind: 'container'; readonly container: string; readonly path: string }
  | { readonly kind: 'host'; readonly path: string }
  | { readonly kind: 'stream' };

/** As in Docker: a path that begins with "/" or "." is the host's, whatever follows. */
export function placeOf(operand: string): Place {
  if (operand === '-') return { kind: 'stream' };
  const colon = operand.indexOf(':');
  if (colon < 1 || operand.startsWith('/') || operand.startsWith('.')) return { kind: 'host', path: operand };
  return { kind: 'container', container: operand.slice(0, colon), path: operand.slice(colon + 1) };
}

/** A path means a directory if it ends with a slash or with "/.". */
export function meansDirectory(path: string): boolean {
  return path.endsWith('/') || meansContents(path);
}

/** As a source: what is in the directory, and not the directory. */
export function meansContents(path: string): boolean {
  return path === '.' || path.endsWith('/.');
}

/** The name of what is at a path. Of the root, and where the path means contents, it is ".". */
export function nameOf(path: string): string {
  return meansContents(path) ? '.' : posix.basename(posix.normalize(path)) || '.';
}

/** The path of the folder that has the last part, which may go through links. */
export function folderOf(path: string): string {
  const bare = path.replace(/(\/\.?)+$/, '');
  const slash = bare.lastIndexOf('/');
  return slash < 0 ? '.' : bare.slice(0, slash + 1);
}
