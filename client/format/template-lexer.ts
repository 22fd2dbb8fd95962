import { badArgument, type LikerError } from '../../common/errors.ts';

/** A piece of a template: literal text, or the tokens of one {{action}}. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: readonly Token[] };

export type Token =
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'sign'; readonly text: '(' | '|' | ',' | ':=' | '=' }
  /** A closing parenthesis, with the fields that follow it. */
  | { readonly kind: 'close'; readonly path: readonly string[] };

export function templateError(why: string): LikerError {
  return badArgument('format', `Invalid --format: ${why}`);
}

/** Splits a template in Go's syntax. `{{-` and `-}}` trim the white space beside them. Throws BAD_ARGUMENT. */
export function splitTemplate(source: string): Piece[] {
  const pieces: Piece[] = [];
  let rest = source;
  let trim = false;
  for (;;) {
    const open = rest.indexOf('{{');
    let text = open === -1 ? rest : rest.slice(0, open);
    if (trim) text = text.trimStart();
    const isTrimming = open !== -1 && /^\{\{-\s/.test(rest.slice(open));
    pieces.push({ kind: 'text', text: isTrimming ? text.trimEnd() : text });
    if (open === -1) return pieces;
    const { body, length } = actionBody(rest.slice(open + 2));
    trim = /\s-$/.test(body);
    pieces.push({ kind: 'action', tokens: tokenize(body.replace(/^-\s/, '').replace(/\s-$/, '')) });
    rest = rest.slice(open + 2 + length);
  }
}

/** The text up to the closing braces; braces in quotes do not close. */
function actionBody(text: string): { body: string; length: number } {
  const match = /^((?:"(?:[^"\\]|\\.)*"|`[^`]*`|(?!\}\})[^"`])*)\}\}/s.exec(text);
  if (match === null) throw templateError('an action {{ is not closed');
  return { body: match[1] ?? '', length: match[0].length };
}

const tokenPattern =
  /\s*(?:(\/\*[\s\S]*?\*\/)|("(?:[^"\\]|\\.)*")|`([^`]*)`|(-?\d+(?:\.\d+)?)|(\$\w*)((?:\.\w+)*)|((?:\.\w+)+|\.)|(?:\)((?:\.\w+)*))|(:=|[(|,=])|(\w+))/y;

function tokenize(body: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  const source = body.trimEnd();
  while (tokenPattern.lastIndex < source.length) {
    const at = tokenPattern.lastIndex;
    const match = tokenPattern.exec(source);
    if (match === null) throw templateError(`cannot read '${source.slice(at).trim()}'`);
    const token = toToken(match);
    if (token !== undefined) tokens.push(token);
  }
  return tokens;
}

function toToken(match: RegExpExecArray): Token | undefined {
  const [, comment, quoted, raw, number, variable, path = '', field, close, sign, word] = match;
  if (comment !== undefined) return undefined;
  if (quoted !== undefined) return { kind: 'literal', value: unquote(quoted) };
  if (raw !== undefined) return { kind: 'literal', value: raw };
  if (number !== undefined) return { kind: 'literal', value: Number(number) };
  if (variable !== undefined) return { kind: 'variable', name: variable, path: pathOf(path) };
  if (field !== undefined) return { kind: 'field', path: pathOf(field) };
  if (close !== undefined) return { kind: 'close', path: pathOf(close) };
  if (sign !== undefined) return { kind: 'sign', text: sign as '(' };
  return wordToken(word ?? '');
}

function wordToken(text: string): Token {
  if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true' };
  return text === 'nil' ? { kind: 'literal', value: null } : { kind: 'word', text };
}

function pathOf(text: string): string[] {
  return text.split('.').filter((name) => name !== '');
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted.replaceAll('\t', '\\t').replaceAll('\n', '\\n')) as string;
  } catch {
    throw templateError(`cannot read ${quoted}`);
  }
}
