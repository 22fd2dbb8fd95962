import { expandWord, type Lookup, splitAt, splitWords } from './words.ts';

const usualShell = ['/bin/sh', '-c'];

/** A JSON array is the command itself; everything else is a line for the shell. */
export function commandOf(rest: string, shell: readonly string[]): string[] {
  return jsonList(rest) ?? [...(shell.length > 0 ? shell : usualShell), rest];
}

/** A JSON array, or words. */
export function listOf(rest: string): string[] {
  return jsonList(rest) ?? splitWords(rest);
}

/** Null: it is no array of texts. */
export function jsonList(text: string): string[] | null {
  if (!text.startsWith('[')) return null;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : null;
  } catch {
    return null;
  }
}

/** NAME=VALUE words; or, as ever in ENV and LABEL, one name, a blank, and all that follows as its value. */
export function pairsOf(rest: string, lookup: Lookup): [string, string][] {
  const words = splitWords(rest);
  const [first = ''] = words;
  const pairs = first.includes('=')
    ? words.map((word) => {
        if (!word.includes('=')) throw new Error(`'${word}' is no NAME=VALUE`);
        return splitAt(word, '=');
      })
    : [[first, rest.slice(first.length).trim()] as [string, string]];
  if (!first.includes('=') && words.length < 2) throw new Error(`'${first}' is no NAME=VALUE`);
  return pairs.map(([name, value]) => {
    const expanded = expandWord(name, lookup);
    if (expanded === '') throw new Error('a name is empty');
    return [expanded, expandWord(value, lookup)];
  });
}

/** PORT[-PORT][/tcp|udp|sctp] words, each port as PORT/PROTOCOL. */
export function portsOf(text: string): string[] {
  return splitWords(text).flatMap((word) => {
    const [, from = '', to = from, protocol = 'tcp'] =
      /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(word.toLowerCase()) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (from === '' || first < 1 || last < first || last > 65535)
      throw new Error(`'${word}' is no port; write 80, 80/udp or 8000-8010`);
    return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
  });
}
