// npm run bench: how fast Liker is on this machine, beside the peers that are installed, in one run.
import { join } from 'node:path';
import { compare } from './against.ts';
import { besideCase } from './cases/beside.ts';
import { burstCase } from './cases/burst.ts';
import type { Case } from './cases/case.ts';
import { commandCase } from './cases/command.ts';
import { copiesCase } from './cases/copies.ts';
import { cpuCase } from './cases/cpu.ts';
import { daemonCase } from './cases/daemon.ts';
import { dockerCase } from './cases/docker.ts';
import { echoCase } from './cases/echo.ts';
import { execCase } from './cases/exec.ts';
import { fleetCase } from './cases/fleet.ts';
import { imagesCase } from './cases/images.ts';
import { layersCase } from './cases/layers.ts';
import { libraryCase } from './cases/library.ts';
import { limitsCase } from './cases/limits.ts';
import { networksCase } from './cases/networks.ts';
import { outputCase } from './cases/output.ts';
import { promptCase } from './cases/prompt.ts';
import { statsCase } from './cases/stats.ts';
import { trueCase } from './cases/true.ts';
import { usernsCase } from './cases/userns.ts';
import { pageOfCase, writeDocs } from './docs.ts';
import { isInterrupted } from './interrupt.ts';
import { Lab } from './lab.ts';
import { type BenchOptions, parseOptions, usage } from './options.ts';
import { openPeers, versionOf } from './peers.ts';
import { printProfile } from './profile.ts';
import { prove } from './proof.ts';
import { machine, print, type Report, type Result, save } from './report.ts';

/** A file for each page of docs/, with the last run of its cases. */
const resultFolder = join(import.meta.dirname, 'results');

/** In the order in which they run. */
const cases: Readonly<Record<string, Case>> = {
  true: trueCase,
  cpu: cpuCase,
  command: commandCase,
  exec: execCase,
  library: libraryCase,
  prompt: promptCase,
  echo: echoCase,
  stats: statsCase,
  output: outputCase,
  limits: limitsCase,
  beside: besideCase,
  burst: burstCase,
  userns: usernsCase,
  images: imagesCase,
  layers: layersCase,
  copies: copiesCase,
  networks: networksCase,
  docker: dockerCase,
  fleet: fleetCase,
  daemon: daemonCase,
};

function chosen({ only }: BenchOptions): Readonly<Record<string, Case>> {
  if (only.length === 0) return cases;
  return Object.fromEntries(Object.entries(cases).filter(([name]) => only.includes(name)));
}

/** Writes a report for each page. */
async function measure(options: BenchOptions): Promise<void> {
  // Before the benchmark itself loads the machine.
  const here = machine();
  await using lab = await Lab.open();
  await using stack = new AsyncDisposableStack();
  const peers = (await openPeers(lab, options.without)).map((peer) => stack.use(peer));
  const versions = Object.fromEntries(peers.map(({ name }) => [name, versionOf(name)]));
  const pages = new Map<string, Result[]>();
  for (const [name, run] of Object.entries(chosen(options))) {
    const begin = performance.now();
    try {
      const found = [await run({ lab, peers, quick: options.quick })].flat();
      found.forEach(print);
      const page = pageOfCase(name);
      pages.set(page, [...(pages.get(page) ?? []), ...found]);
      console.log(`  (${name}: ${((performance.now() - begin) / 1000).toFixed(0)} s)`);
    } catch (error) {
      if (isInterrupted()) throw error;
      // The other cases are still worth running.
      console.error(`\nbench: case '${name}' failed: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  for (const [page, results] of pages) {
    const file = join(resultFolder, `${page}.json`);
    save(file, { machine: here, peers: versions, quick: options.quick, results } satisfies Report);
    console.log(`\nAll figures: ${file}`);
  }
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) {
    console.log(usage);
    return;
  }
  if (options.writeDocs) {
    writeDocs(resultFolder);
    return;
  }
  if (process.getuid?.() !== 0) throw new Error('Cannot measure: containers need root');
  const { kernel, cpu, cpus, load } = machine();
  console.log(`${cpus} × ${cpu}, Linux ${kernel}, Node ${process.version}, load ${Number(load).toFixed(1)}`);
  if (options.proof > 0) {
    await prove(options.proof);
    return;
  }
  if (options.profile) {
    await printProfile();
    return;
  }
  if (options.against !== '') {
    await compare(options.against, { cases: chosen(options), quick: options.quick });
    return;
  }
  await measure(options);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
