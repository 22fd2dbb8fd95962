import { invalidFlag } from './invalid-flag.ts';

/** Splits a line of CSV, the value of a flag. A quoted field may contain commas, and a quote written as "". */
export function splitCsv(text: string, flag: string): string[] {
  const fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let index = 0; index < text.length; index++) {
    const char = text.charAt(index);
    if (char === '"' && isQuoted && text.charAt(index + 1) === '"') field += text.charAt(++index);
    else if (char === '"' && (isQuoted || field === '')) isQuoted = !isQuoted;
    else if (char === ',' && !isQuoted) {
      fields.push(field);
      field = '';
    } else field += char;
  }
  if (isQuoted) throw invalidFlag(flag, text, 'a quote is not closed');
  return [...fields, field];
}
