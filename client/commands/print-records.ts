import { recordFormat } from '../format/record-format.ts';
import { printText } from '../output/print.ts';
import { toJson } from '../output/visible.ts';

/** Prints records as `inspect` does, by its --format: empty, json or a template for each record. Throws BAD_ARGUMENT. */
export function recordPrinter(format: string): (records: readonly object[]) => void {
  if (format === '') return (records) => printText(`${toJson(records, 4)}\n`);
  if (format === 'json') return (records) => printText(`${toJson(records)}\n`);
  const show = recordFormat(format);
  return (records) => printText(records.map((record) => `${show(record)}\n`).join(''));
}
