import { isOnTerminal } from '../output/print.ts';
import { toJson } from '../output/visible.ts';
import { compileTemplate } from './template.ts';
import { untrusted } from './untrusted.ts';

/**
 * What --format makes of a record: `json`, or a template. On a terminal the control characters of the data are shown; a
 * program gets them as they are. Throws BAD_ARGUMENT.
 */
export function recordFormat(format: string): (record: object) => string {
  if (format === 'json') return (record) => toJson(record);
  const template = compileTemplate(unescapeTabs(format), { strict: true });
  return isOnTerminal() ? (record) => template(untrusted(record)) : template;
}

/** Shells pass \t and \n on as they were typed. */
export function unescapeTabs(text: string): string {
  return text.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}
