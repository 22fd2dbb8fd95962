/** The result of a test of one knob. */
export interface EffectRecord {
  readonly layout: string;
  readonly knob: string;
  /** value: it was set and read back, but this machine cannot show its effect. */
  readonly result: 'pass' | 'value' | 'skip' | 'FAIL';
  readonly why: string;
}

const mark = 'limit-effect ';

/** A record as a line of output. */
export function effectLine(record: EffectRecord): string {
  return `${mark}${JSON.stringify(record)}`;
}

/** The records among the lines of some output. */
export function effectRecords(output: string): EffectRecord[] {
  return output
    .split('\n')
    .map((line) => line.indexOf(mark) >= 0 && line.slice(line.indexOf(mark) + mark.length))
    .filter((json) => json !== false)
    .map((json) => JSON.parse(json) as EffectRecord);
}

/** If a knob has several tests, the most significant result counts. */
const weights: Readonly<Record<EffectRecord['result'], number>> = { FAIL: 3, pass: 2, value: 1, skip: 0 };

/** A table of knobs and layouts, with numbered reasons below. Empty without records. */
export function effectTable(records: readonly EffectRecord[]): string[] {
  if (records.length === 0) return [];
  const layouts = [...new Set(records.map(({ layout }) => layout))].sort();
  const knobs = [...new Set(records.map(({ knob }) => knob))];
  const reasons: string[] = [];
  const cell = (knob: string, layout: string): string => {
    const [top] = records
      .filter((record) => record.knob === knob && record.layout === layout)
      .sort((a, b) => weights[b.result] - weights[a.result]);
    if (top === undefined) return 'not run';
    if (top.why === '') return top.result;
    if (!reasons.includes(top.why)) reasons.push(top.why);
    return `${top.result} (${reasons.indexOf(top.why) + 1})`;
  };
  const rows = [
    ['limits by effect', ...layouts],
    ...knobs.map((knob) => [knob, ...layouts.map((layout) => cell(knob, layout))]),
  ];
  const widths = [0, ...layouts.keys()].map((column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 12))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...reasons.map((why, index) => `(${index + 1}) ${why}`)];
}
