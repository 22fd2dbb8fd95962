/**
 * What moves the cursor, changes the terminal, ends a line or reverses the text around it: C0, DEL and C1, the separators
 * of lines and paragraphs, bidirectional controls (UAX 9), and halves of a surrogate pair.
 */
const unsafe = (): RegExp => /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/gu;

/** Most text is printable ASCII: V8 then need not build a class of Unicode properties, which takes up to 2 ms in each process. */
const isPrintableAscii = (text: string): boolean => /^[\n -~]*$/.test(text);

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
 * Text that a container or a stranger may have chosen, made safe to read: what would control the terminal is shown escaped.
 * Safe to apply twice; backslashes stay as they are.
 */
export function visible(text: string): string {
  if (isPrintableAscii(text)) return text.replaceAll('\n', '\\n');
  return text.replace(unsafe(), escapeOf);
}

/** True for text that {@link visible} does not change. */
export function isVisible(text: string): boolean {
  return visible(text) === text;
}

/** In double quotes, escaped as Go's strconv.Quote does it: the command of ps, and %q of a template. */
export function quoted(text: string): string {
  const inner = text.replaceAll(/["\\]/g, '\\$&');
  if (isPrintableAscii(inner)) return `"${visible(inner)}"`;
  return `"${inner.replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escapeOf)}"`;
}

/** A number of more than 53 bits with all its digits. */
function exact(_key: string, value: unknown): unknown {
  // Not yet among TypeScript's types.
  const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown };
  return typeof value === 'bigint' ? rawJSON(String(value)) : value;
}

/** JSON that means the same to a program and is safe on a terminal: unsafe characters that JSON leaves raw are escaped too. */
export function toJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, exact, indent) ?? 'null';
  if (isPrintableAscii(text)) return text;
  // These newlines belong to the layout: those in strings are escaped already.
  return text.replace(unsafe(), (character) =>
    character === '\n' ? character : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
