import { engineOf, figure, type Result, type Row } from './report.ts';

// Colours that are readable on white and on black.
const colours: Readonly<Record<string, string>> = {
  liker: '#e8590c',
  crun: '#868e96',
  runc: '#adb5bd',
  podman: '#9775fa',
  ctr: '#4c9aff',
  docker: '#1c7ed6',
};
const textColour = '#7d8590';
const width = 860;
const labelWidth = 210;
const valueWidth = 80;
const barHeight = 14;
const rowHeight = 18;
const titleHeight = 34;
const font = "12px -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

/** A chart of all results, one below the other: a bar for each row, each result on its own logarithmic scale. */
export function plot(results: readonly Result[]): string {
  let y = 8;
  const parts: string[] = [];
  for (const result of results) {
    const height = titleHeight + result.rows.length * rowHeight;
    parts.push(`<g transform="translate(0 ${y})">`, ...chart(result), '</g>');
    y += height + 10;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img">`,
    '<title>Liker beside other engines</title>',
    `<style>text { font: ${font}; fill: ${textColour} } .title { font-weight: 600 } .liker { fill: ${colours['liker']}; font-weight: 600 }</style>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function chart({ title, unit, moreIsBetter, rows }: Result): string[] {
  const scale = logScale(rows.map(({ median }) => median));
  const better = moreIsBetter ? 'longer is better' : 'shorter is better';
  return [
    `<text class="title" x="0" y="18">${escaped(title)}</text>`,
    `<text x="${width}" y="18" text-anchor="end">${escaped(unit)}, logarithmic, ${better}</text>`,
    ...rows.flatMap((row, i) => bar(row, titleHeight + i * rowHeight - 8, scale(row.median))),
  ];
}

function bar(row: Row, y: number, share: number): string[] {
  const engine = engineOf(row);
  const length = Math.max(2, share * (width - labelWidth - valueWidth));
  const baseline = y + barHeight - 3;
  const mark = engine === 'liker' ? ' class="liker"' : '';
  return [
    `<text${mark} x="${labelWidth - 8}" y="${baseline}" text-anchor="end">${escaped(row.name)}</text>`,
    `<rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2" fill="${colours[engine] ?? textColour}"/>`,
    `<text${mark} x="${(labelWidth + length + 6).toFixed(1)}" y="${baseline}">${figure(row.median)}</text>`,
  ];
}

/** Maps half of the least value to 0, and the greatest to 1. */
function logScale(values: readonly number[]): (value: number) => number {
  const positive = values.filter((value) => value > 0);
  const least = Math.log10(Math.min(...positive) / 2);
  const most = Math.log10(Math.max(...positive));
  return (value) => (value > 0 ? (Math.log10(value) - least) / (most - least) : 0);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
