import { own } from '../../common/own.ts';
import { table } from '../output/table.ts';
import { recordFormat, unescapeTabs } from './record-format.ts';
import { compileTemplate } from './template.ts';
import { untrusted } from './untrusted.ts';

/** The layout of a list without --format, and the headings of its fields. */
export interface ListLayout {
  /** The template of the table, with cells separated by \t. */
  readonly table: string;
  /** Headings by field. The heading of any other field is its name in capitals. */
  readonly headings: Readonly<Record<string, string>>;
}

/** The lines of a list. `format` is empty, json, `table TEMPLATE` or a template for each row. Throws BAD_ARGUMENT. */
export function formatList(rows: readonly object[], format: string, layout: ListLayout): string[] {
  const isTable = format === '' || format === 'table' || format.startsWith('table ');
  if (!isTable) return rows.map(recordFormat(format));
  const source = unescapeTabs(format.replace(/^table ?/, '') || layout.table);
  const template = compileTemplate(source, { strict: true });
  const fields = source.split('\t').map((cell) => /^\{\{\.(\w+)\}\}$/.exec(cell)?.[1] ?? '');
  // Escaped even if stdout is no terminal: in a table each row is one line.
  const cells = rows.map((row) => textsOf(row, fields) ?? template(untrusted(row)).split('\t'));
  return table([headingRow(source, layout).split('\t'), ...cells]);
}

/** The texts of fields, as most tables have nothing else: to evaluate a template takes ten times as long. Null if one is no text. */
function textsOf(row: object, fields: readonly string[]): string[] | null {
  const texts = fields.map((field) => own(row as Readonly<Record<string, unknown>>, field));
  return texts.every((text) => typeof text === 'string') ? texts : null;
}

/** The heading of a cell is that of the first field in it. */
function headingRow(source: string, { headings }: ListLayout): string {
  return source
    .split('\t')
    .map((cell) => {
      const label = /\.Label\s+"([^"]*)"/.exec(cell)?.[1];
      if (label !== undefined) return label.split('.').at(-1) ?? label;
      const name = /\.(\w+)/.exec(cell)?.[1] ?? '';
      return own(headings, name) ?? name.toUpperCase();
    })
    .join('\t');
}
