import { badArgument } from '../../../../common/errors.ts';

/** A star, or a test of one character. */
type Part = '*' | ((char: string) => boolean);

const tokens = /\*|\?|\[(?:\^|(?!\^))(?:\\.|[^\]\\])+\]|\\.|[^\\[]/gsu;
const members = /(\\.|[^\\-])(?:-(\\.|[^\\-]))?/gsuy;

/**
 * A test of names by a pattern, as Docker has it (path.Match of Go): * and ? fit no slash, [a-z] and [^a-z] are one character, and \ takes
 * the meaning from the next. Its time grows with the lengths of both, multiplied. Errors: BAD_ARGUMENT.
 */
export function globTest(pattern: string): (text: string) => boolean {
  const parts = pattern.split('/').map((part) => parsePart(part, pattern));
  return (text) => {
    const texts = text.split('/');
    return (
      texts.length === parts.length && parts.every((part, index) => fits(part, [...(texts[index] ?? '')]))
    );
  };
}

function parsePart(text: string, pattern: string): Part[] {
  const found = text.match(tokens) ?? [];
  if (found.join('') !== text) throw badPattern(pattern);
  return found.map((token) => {
    if (token === '*') return '*';
    if (token === '?') return () => true;
    if (token.length > 1 && token.startsWith('[')) return classTest(token, pattern);
    const wanted = plain(token);
    return (char) => char === wanted;
  });
}

function classTest(token: string, pattern: string): (char: string) => boolean {
  const isNegated = token.startsWith('[^');
  const text = token.slice(isNegated ? 2 : 1, -1);
  const ranges = [...text.matchAll(members)];
  if (ranges.map(([whole]) => whole).join('') !== text) throw badPattern(pattern);
  return (char) =>
    ranges.some(([, low = '', high = low]) => plain(low) <= char && char <= plain(high)) !== isNegated;
}

/** Without the backslash that takes its meaning. */
function plain(token: string): string {
  return token.length > 1 && token.startsWith('\\') ? token.slice(1) : token;
}

/** Only the last star is tried anew: what the ones before it took is as little as can be. */
function fits(parts: readonly Part[], chars: readonly string[]): boolean {
  let part = 0;
  let star = -1;
  let from = 0;
  for (let at = 0; at < chars.length; ) {
    const wanted = parts[part];
    if (wanted === '*') {
      star = part++;
      from = at;
    } else if (wanted?.(chars[at] ?? '')) {
      part++;
      at++;
    } else if (star >= 0) {
      part = star + 1;
      at = ++from;
    } else return false;
  }
  return parts.slice(part).every((left) => left === '*');
}

function badPattern(pattern: string): Error {
  return badArgument(
    'filters',
    `Invalid pattern '${pattern}': close each bracket, name a character in it, and write \\\\ for a backslash`,
  );
}
