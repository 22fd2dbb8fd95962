import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './lab.ts';
import { plot } from './plot.ts';
import {
  type Aim,
  boundText,
  engineOf,
  figure,
  medianOf,
  type Report,
  type Result,
  verdict,
} from './report.ts';

const page = join(repository, 'docs/performance.md');
const picture = join(repository, 'docs/performance.svg');

/** Writes docs/performance.md and its plot from the figures of the last run. */
export function writeDocs(resultFile: string): void {
  if (!existsSync(resultFile)) throw new Error(`Cannot find ${resultFile}: run 'npm run bench' first`);
  const report = JSON.parse(readFileSync(resultFile, 'utf8')) as Report;
  writeFileSync(page, pageOf(report));
  writeFileSync(picture, plot(report.results));
  console.log(`Written: ${page}, ${picture}`);
}

export function pageOf({ machine, peers, quick, results }: Report): string {
  const gibibytes = (machine.memoryBytes / 2 ** 30).toFixed(1);
  const versions = Object.entries(peers).map(([name, version]) => `${name}: ${version}`);
  return `# Performance

\`npm run bench\` measures Liker beside every other engine that is installed, on your machine and in one run.
\`npm run bench -- --write-docs\` then writes this page from the results.

**The machine:** ${machine.cpus} × ${machine.cpu}, ${gibibytes} GiB, Linux ${machine.kernel}, Node.js ${machine.node}, load ${machine.load.toFixed(1)} at the beginning, ${machine.date.slice(0, 10)}.${quick ? ' **A quick run: few rounds.**' : ''}
**The peers:** ${versions.join('; ') || 'none is installed'}.

Absolute times differ from machine to machine; compare within a row. Medians throughout.

## What Liker aims at

| work | the peers | Liker | aim | |
| --- | --- | --- | --- | --- |
${results.flatMap((result) => (result.aims ?? []).map((aim) => aimRow(result, aim))).join('\n')}

![Bars of Liker and its peers, on logarithmic scales](performance.svg)

## All figures

${results.map(table).join('\n\n')}

## How it is measured

- The engines take turns, in a different order each round, so that a disturbance affects all of them alike. The first rounds do not
  count.
- All of them run the same root file system, bash and a static busybox, on a disk and without a network. docker has it as an image;
  podman and Liker put a layer over it; ctr, crun and runc use it directly.
- crun and runc are programs, not engines: no daemon, no log, no record of the container. They are the lower bound. They run the
  configuration that \`spec\` writes.
- A shell times commands from fork to exit. "liker Run", and every row without a command in its name, is a connected gRPC client.
- docker and ctr use daemons that the benchmark starts in its own folder; they create no bridge and no firewall rule. At the end
  everything is removed.
- \`npm run bench -- --profile\` shows where the time of a start goes: functions of likerd, then system calls.
`;
}

function aimRow(result: Result, aim: Aim): string {
  const others = result.rows.filter((row) => engineOf(row) !== 'liker' && row.name !== 'bash itself');
  const peers = others.map((row) => `${engineOf(row)} ${figure(row.median)}`).join(', ');
  const own = medianOf(result.rows, aim.row);
  const value = own === null ? '' : `**${figure(own)} ${result.unit}**`;
  return `| ${aim.work} | ${peers} | ${value} | ${boundText(result, aim)} | ${verdict(result, aim)} |`;
}

function table({ title, unit, rows, notes }: Result): string {
  const hasSpread = rows.some(({ count }) => count > 1);
  const head = hasSpread ? '| | median | p90 | p99 | least | n |' : '| | |';
  const lines = rows.map(({ name, median, p90, p99, min, count }) => {
    const figures = hasSpread ? [...[median, p90, p99, min].map(figure), String(count)] : [figure(median)];
    return `| ${name} | ${figures.join(' | ')} |`;
  });
  const rule = head.replaceAll(/[^|]+/g, ' --- ');
  const below = notes.length > 0 ? `\n\n${notes.join('. ')}.` : '';
  return `**${title}** (${unit})\n\n${head}\n${rule}\n${lines.join('\n')}${below}`;
}
