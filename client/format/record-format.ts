import { isOnTerminal } from '../output/print.ts';
import { toJson } from '../output/visible.ts';
import { compileTemplate } from './template.ts';
import { untrusted } from './untrusted.ts';

/**
 * A function that renders a record by --format: `json`, or a template. On a terminal, control characters of the data are escaped;
 * a program gets them unchanged. Throws BAD_ARGUMENT.
 */
export function recordFormat(format: string): (record: object) => string {
  if (format === 'json') return (record) => toJson(record);
  const template = compileTemplate(unescapeTabs(format), { strict: true });
  return isOnTerminal() ? (record) => template(untrusted(record)) : template;
}

/** Replaces \t and \n, which shells pass on as typed. */
export function unescapeTabs(text: string): string {
  return text.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}
