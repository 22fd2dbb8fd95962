import type { Invocation } from '../cli/command.ts';
import type { Connection } from '../connection/connection.ts';
import { recordFormat } from '../format/record-format.ts';
import { printText } from '../output/print.ts';
import { toJson } from '../output/visible.ts';
import { forEachName } from './for-each.ts';

/** Prints the record of each name on the command line by --format, as `inspect` does. */
export async function inspectEach(
  { flags, operands, context }: Invocation,
  fetch: (connection: Connection, name: string) => Promise<object>,
): Promise<number> {
  const print = recordPrinter(flags.text('format') ?? '');
  const connection = await context.connect();
  const records: object[] = [];
  const code = await forEachName(operands, async (name) => {
    records.push(await fetch(connection, name));
    return undefined;
  });
  print(records);
  return code;
}

/** Prints records by --format: empty, json or a template for each record. Throws BAD_ARGUMENT. */
function recordPrinter(format: string): (records: readonly object[]) => void {
  if (format === '') return (records) => printText(`${toJson(records, 4)}\n`);
  if (format === 'json') return (records) => printText(`${toJson(records)}\n`);
  const show = recordFormat(format);
  return (records) => printText(records.map((record) => `${show(record)}\n`).join(''));
}
