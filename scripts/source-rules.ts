// Rules about single lines of the product's source that no linter has.

/** The files in which likerctl writes, and escapes what strangers chose (client/output/print.ts). */
const outputs = 'client/output/';

/** Why the source breaks the rule that all of likerctl's output goes through one place; undefined when it does not. */
export function outputViolation(from: string, source: string): string | undefined {
  const isBound = from.startsWith('client/') && !from.startsWith(outputs) && !from.endsWith('.test.ts');
  if (!isBound || !/\bconsole\.\w+\(|\bprocess\.std(out|err)\.write\(/.test(source)) return undefined;
  return `only ${outputs} writes to stdout and stderr: print with its print.ts`;
}

/** Maps of the API with keys that users choose. */
const usersMaps = ['annotations', 'attributes', 'env', 'labels', 'metadata', 'priorities', 'sysctls'];

/**
 * Looks a word up in an object that inherits toString, constructor and more, where own() of common/own.ts belongs: `map[word]`
 * of a user's map, or of what this source declares as a Record of strings. Undefined when it does not.
 */
export function lookupViolation(from: string, source: string): string | undefined {
  if (from.endsWith('.test.ts') || from === 'common/own.ts') return undefined;
  const declared = [...source.matchAll(/\b(\w+)\??: (?:Readonly<)?Record<string,/g)].map(([, name]) => name);
  const names = [...new Set([...declared, ...usersMaps])].join('|');
  const lookup = new RegExp(
    `(?<!\\bdelete )\\b(?:\\w+\\??\\.)*(?:${names})(?:\\?\\.)?\\[(?!['"\\d\\]])[^\\]]*\\](?! = )`,
  );
  const found = lookup.exec(source)?.[0];
  return (
    found && `${found} finds toString and constructor in every object: use own() of common/own.ts, or a Map`
  );
}
