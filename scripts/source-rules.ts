// Rules about single lines of the product's source that no linter provides.

/** The only files in which likerctl writes output; they escape untrusted text (client/output/print.ts). */
const outputs = 'client/output/';

/** The violation of the rule that all of likerctl's output goes through one place; undefined if there is none. */
export function outputViolation(from: string, source: string): string | undefined {
  const isBound = from.startsWith('client/') && !from.startsWith(outputs) && !from.endsWith('.test.ts');
  if (!isBound || !/\bconsole\.\w+\(|\bprocess\.std(out|err)\.write\(/.test(source)) return undefined;
  return `only ${outputs} writes to stdout and stderr: print with its print.ts`;
}

/** Maps of the API whose keys are chosen by users. */
const usersMaps = ['annotations', 'attributes', 'env', 'labels', 'metadata', 'priorities', 'sysctls'];

/**
 * The first lookup `map[word]` in a user's map, or in a value that this source declares as a Record of strings. Such an object inherits
 * toString, constructor and more, so own() of common/own.ts is needed. Undefined if there is none.
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
