import { invalidFlag } from './invalid-flag.ts';

/** Fields of one line of CSV: a field in quotes may hold commas, and "" for a quote. */
export function splitCsv(text: string): string[] {
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
  if (isQuoted) throw invalidFlag('mount', text, 'a quote is not closed');
  return [...fields, field];
}
