import { table } from '../output/table.ts';
import { compileTemplate } from './template.ts';

/** A list that --format can change: how it looks without it, and the headings of its fields. */
export interface ListLayout {
  /** Template of the table, its cells parted by \t. */
  readonly table: string;
  /** Headings of the fields of a table, by field. Others have their name in capitals. */
  readonly headings: Readonly<Record<string, string>>;
}

/** Lines of a list. `format` is empty, json, `table TEMPLATE` or a template for each row. Throws BAD_ARGUMENT. */
export function formatList(rows: readonly object[], format: string, layout: ListLayout): string[] {
  if (format === 'json') return rows.map((row) => JSON.stringify(row));
  const isTable = format === '' || format === 'table' || format.startsWith('table ');
  const own = format.replace(/^table ?/, '');
  const source = unescapeTabs(isTable ? own || layout.table : format);
  const template = compileTemplate(source, { strict: true });
  if (!isTable) return rows.map((row) => template(row));
  const lines = [headingRow(source, layout), ...rows.map((row) => template(row))];
  return table(lines.map((line) => line.split('\t')));
}

/** Shells pass \t and \n on as they were typed. */
export function unescapeTabs(text: string): string {
  return text.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

/** The heading of a cell is that of the field it names, wherever the field stands in it. */
function headingRow(source: string, { headings }: ListLayout): string {
  return source
    .split('\t')
    .map((cell) => {
      const label = /\.Label\s+"([^"]*)"/.exec(cell)?.[1];
      if (label !== undefined) return label.split('.').at(-1) ?? label;
      const name = /\.(\w+)/.exec(cell)?.[1] ?? '';
      return headings[name] ?? name.toUpperCase();
    })
    .join('\t');
}
