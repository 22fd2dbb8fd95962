import { own } from '../../../../common/own.ts';

/** Values of variables; undefined: not set. */
export type Lookup = (name: string) => string | undefined;

const opened = /\$(?:\{([A-Za-z_]\w*|\d+)(?:(:?[-+?])((?:\\.|[^}\\])*))?\}|([A-Za-z_]\w*|\d))/y;

/** Splits at blanks that are neither quoted nor escaped. The words keep their quotes. Throws an Error that says what is wrong. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const word = /\s*((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+)\s*/suy;
  while (word.lastIndex < text.length) {
    const found = word.exec(text)?.[1];
    if (found === undefined) throw new Error('a quote is not closed, or nothing is behind a backslash');
    words.push(found);
  }
  return words;
}

/**
 * A word of a Dockerfile without its quotes and escapes, with the values of its variables ($NAME, ${NAME}, ${NAME:-else}, ${NAME:+then}).
 * Throws an Error that says what is wrong.
 */
export function expandWord(text: string, lookup: Lookup): string {
  let result = '';
  let quote = '';
  for (let at = 0; at < text.length; ) {
    const char = text[at] ?? '';
    const next = text[at + 1];
    if (quote === "'" && char !== "'") result += char;
    else if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === '\\' && next !== undefined && (quote === '' || '"$\\'.includes(next))) {
      result += next;
      at++;
    } else if (char === '$') {
      opened.lastIndex = at;
      const found = opened.exec(text);
      if (found === null && next === '{')
        throw new Error(`'${text.slice(at)}' is no variable that can be used here`);
      result += found === null ? char : variable(found, lookup);
      at += (found?.[0].length ?? 1) - 1;
    } else result += char;
    at++;
  }
  if (quote !== '') throw new Error(`a ${quote} is not closed`);
  return result;
}

function variable([, braced, operator = '', word = '', plain]: RegExpExecArray, lookup: Lookup): string {
  const name = braced ?? plain ?? '';
  const value = lookup(name);
  // With a colon an empty value is as none.
  const isSet = value !== undefined && (value !== '' || !operator.startsWith(':'));
  switch (operator.at(-1)) {
    case '-':
      return isSet ? value : expandWord(word, lookup);
    case '+':
      return isSet ? expandWord(word, lookup) : '';
    case '?':
      if (!isSet) throw new Error(`'${name}' is not set${word && `: ${word}`}`);
      return value;
    default:
      return value ?? '';
  }
}

/** Looks up NAME in NAME=VALUE lines. */
export function lookupIn(env: readonly string[]): Lookup {
  const values = Object.fromEntries(env.map((line) => splitAt(line, '=')));
  return (name) => own(values, name);
}

/** Before and behind the first `separator`; behind is empty without one. */
export function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
