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

interface Page {
  readonly title: string;
  /** Cases; those that no page has are on the first. */
  readonly cases: readonly string[];
  /** How to measure them, and how they are measured. */
  readonly command: string;
  readonly method: string;
}

/** By the name of the file, without `.md`. Each is written from one run, so that its figures are of the same machine and hour. */
const pages: Readonly<Record<string, Page>> = {
  performance: {
    title: 'Performance',
    cases: [],
    command: 'npm run bench',
    method: `- The engines take turns, in a different order each round, so that a disturbance affects all of them alike. The first rounds do not
  count.
- All of them run the same root file system, bash and a static busybox, on a disk and without a network. docker has it as an image;
  podman and Liker put a layer over it; ctr, crun and runc use it directly.
- crun and runc are programs, not engines: no daemon, no log, no record of the container. They are the lower bound. They run the
  configuration that \`spec\` writes.
- A shell times commands from fork to exit. "liker Run", and every row without a command in its name, is a connected gRPC client.
- docker and ctr use daemons that the benchmark starts in its own folder; they create no bridge and no firewall rule. At the end
  everything is removed.
- Runs at once are calls of one client on one connection; each has to give its output and its exit code.
- \`npm run bench -- --profile\` shows where the time of a start goes: functions of likerd, then system calls.
`,
  },
  'performance-images': {
    title: 'Performance of images and copies',
    cases: ['images', 'layers', 'copies'],
    command: 'npm run bench -- --only images,layers,copies',
    method: `- The engines take turns on one ext4 file system, in a sparse file. Whatever one of them left to be written or freed is done before the
  next one's turn. The first turn does not count, and shows who can do the work at all. Peers take part in every other round.
- Images come from Debian's docker-registry on loopback, or from files. Their bytes are as compressible as programs are.
- umoci fetches nothing itself: skopeo does it for it.
- \`cp -a\` copies within the page cache and syncs nothing. A commit has to hash every byte, since an image is known by its digests, and the
  layer is on the disk when it is said to be there.
`,
  },
  'performance-networks': {
    title: 'Performance of networks',
    cases: ['networks'],
    command: 'npm run bench -- --only networks',
    method: `- Each engine is on a host of its own, which is a network namespace; so are the likerd beside containers and the outside. All are on one switch,
  so that neither the machine's network nor another engine's rules matter.
- What the bridge adds is the difference of two runs of the same round, one on the bridge and one without a network; the median is that of the differences. A
  run is create, start, wait and remove. "run" in a name is the command line, as in docker and podman; the others are calls of a connected gRPC client.
- Ports are published as the engine does it by default: at 127.0.0.1 and ::1 by Liker, at all addresses by docker and podman. Only the server that answers
  requests from outside is published there by Liker, too.
- Throughput is iperf3's, over one connection of TCP. Requests and answers have 64 bytes, and the server and its clients are the same static program.
`,
  },
  'performance-docker': {
    title: "Performance of Docker's API",
    cases: ['docker'],
    command: 'npm run bench -- --only docker',
    method: `- Docker's own client, that of dockerd's release, calls likerd at the socket of \`--docker-socket\` and dockerd at its own, in turn. Each engine is on a
  host of its own, which is a network namespace, and its containers are on its bridge.
- A shell times commands from fork to exit. In a burst, a client's time begins as its process is born.
- The client itself takes most of the CPU time of a run. So a burst has a lower bound, whatever is behind the socket: all clients begin at once and share the CPUs, and
  those that call nobody (\`docker --version\`) are in the table. The sum of the last table, times the size of the burst, divided by the CPUs, is the
  time until the last one has its output.
`,
  },
};

/** The page that has the results of this case. */
export function pageOfCase(name: string): string {
  const [first = ''] = Object.keys(pages);
  return Object.keys(pages).find((page) => pages[page]?.cases.includes(name)) ?? first;
}

/** Writes the pages of docs/ whose cases have been measured, each from its last run: PAGE.json in this folder. */
export function writeDocs(folder: string): void {
  const measured = Object.entries(pages).filter(([name]) => existsSync(join(folder, `${name}.json`)));
  if (measured.length === 0) throw new Error(`Cannot find results in ${folder}: run 'npm run bench' first`);
  for (const [name, page] of measured) {
    const report = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Report;
    const path = join(repository, 'docs', name);
    writeFileSync(`${path}.md`, pageOf(name, page, report));
    writeFileSync(`${path}.svg`, plot(report.results));
    console.log(`Written: ${path}.md, ${path}.svg`);
  }
}

function pageOf(
  name: string,
  { title, command, method }: Page,
  { machine, peers, quick, results }: Report,
): string {
  const gibibytes = (machine.memoryBytes / 2 ** 30).toFixed(1);
  const versions = Object.entries(peers).map(([name, version]) => `${name}: ${version}`);
  return `# ${title}

\`${command}\` measures Liker beside every other engine that is installed, on your machine and in one run.
\`npm run bench -- --write-docs\` then writes this page from the results.

**The machine:** ${machine.cpus} × ${machine.cpu}, ${gibibytes} GiB, Linux ${machine.kernel}, Node.js ${machine.node}, load ${machine.load.toFixed(1)} at the beginning, ${machine.date.slice(0, 10)}.${quick ? ' **A quick run: few rounds.**' : ''}
**The peers:** ${versions.join('; ') || 'none is installed'}.

Absolute times differ from machine to machine; compare within a row. Medians throughout.

## What Liker aims at

| work | the peers | Liker | aim | |
| --- | --- | --- | --- | --- |
${results.flatMap((result) => (result.aims ?? []).map((aim) => aimRow(result, aim))).join('\n')}

![Bars of Liker and its peers, on logarithmic scales](${name}.svg)

## All figures

${results.map(table).join('\n\n')}

## How it is measured

${method}`;
}

function aimRow(result: Result, aim: Aim): string {
  const others = result.rows
    .filter((row) => engineOf(row) !== 'liker' && row.name !== 'bash itself')
    .filter(({ name }) => aim.peers?.includes(name) ?? true);
  const engines = others.map(engineOf);
  const isAmbiguous = new Set(engines).size < engines.length;
  const peers = others
    .map((row) => `${isAmbiguous ? row.name : engineOf(row)} ${figure(row.median)}`)
    .join(', ');
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
