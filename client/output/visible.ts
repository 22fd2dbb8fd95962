/**
 * Characters that move the cursor, change the terminal, end a line or reverse the text around them: C0, DEL and C1, separators of
 * lines and paragraphs, bidirectional controls (UAX 9), and halves of surrogate pairs.
 */
const unsafe = (): RegExp => /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/gu;

/** For printable ASCII, that is for most text, V8 need not build a class of Unicode properties, which takes up to 2 ms per process. */
export const isPrintableAscii = (text: string): boolean => /^[ -~]*$/.test(text);

const isAsciiLines = (text: string): boolean => /^[\n -~]*$/.test(text);

const named: ReadonlyMap<string, string> = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
]);

/** Go's escape of one character: \n, \x1b, \u202e. */
function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x80) return named.get(character) ?? `\\x${hex.padStart(2, '0')}`;
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

/**
 * Escapes the characters in untrusted text that would control the terminal. Applying it twice changes nothing more; backslashes
 * stay as they are.
 */
export function visible(text: string): string {
  if (isPrintableAscii(text)) return text;
  if (isAsciiLines(text)) return text.replaceAll('\n', '\\n');
  return text.replace(unsafe(), escapeOf);
}

/** True for text that {@link visible} does not change. */
export function isVisible(text: string): boolean {
  return visible(text) === text;
}

/** Quotes a text as Go's strconv.Quote does: for the commands in ps, and for %q in templates. */
export function quoted(text: string): string {
  const inner = text.replaceAll(/["\\]/g, '\\$&');
  if (isAsciiLines(inner)) return `"${visible(inner)}"`;
  return `"${inner.replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escapeOf)}"`;
}

/** Keeps all digits of numbers above 53 bits. */
function exact(_key: string, value: unknown): unknown {
  // TypeScript has no types for it yet.
  const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown };
  return typeof value === 'bigint' ? rawJSON(String(value)) : value;
}

/** JSON that is safe on a terminal: it also escapes the unsafe characters that JSON.stringify leaves raw. */
export function toJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, exact, indent) ?? 'null';
  if (isAsciiLines(text)) return text;
  // These newlines are layout: newlines in strings are escaped already.
  return text.replace(unsafe(), (character) =>
    character === '\n' ? character : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
