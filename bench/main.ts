// npm run bench: how fast Liker is on this machine, beside the peers that are installed, in one run.
import { join } from 'node:path';
import type { Case } from './cases/case.ts';
import { commandCase } from './cases/command.ts';
import { execCase } from './cases/exec.ts';
import { outputCase } from './cases/output.ts';
import { promptCase } from './cases/prompt.ts';
import { psCase } from './cases/ps.ts';
import { statsCase } from './cases/stats.ts';
import { trueCase } from './cases/true.ts';
import { type Engine, isInstalled } from './engines/engine.ts';
import { OciRuntime } from './engines/oci.ts';
import { Podman } from './engines/podman.ts';
import { Lab } from './lab.ts';
import { type BenchOptions, parseOptions, usage } from './options.ts';
import { printProfile } from './profile.ts';
import { prove } from './proof.ts';
import { machine, print, type Result, save } from './report.ts';

const resultFile = join(import.meta.dirname, 'results/latest.json');

const cases: Readonly<Record<string, Case>> = {
  true: trueCase,
  exec: execCase,
  command: commandCase,
  prompt: promptCase,
  ps: psCase,
  stats: statsCase,
  output: outputCase,
};

/** The peers that are there and work; why others are left out is told. */
async function openPeers(options: BenchOptions, { home, rootfs }: Lab): Promise<Engine[]> {
  const makers = {
    crun: () => new OciRuntime('crun', home, rootfs),
    runc: () => new OciRuntime('runc', home, rootfs),
    podman: () => new Podman(home, rootfs),
  };
  const peers: Engine[] = [];
  for (const [name, make] of Object.entries(makers)) {
    if (options.without.includes(name)) continue;
    if (!isInstalled(name)) {
      console.log(`Without ${name}: it is not installed`);
      continue;
    }
    const peer = make();
    try {
      await peer.runTrue();
      peers.push(peer);
    } catch (error) {
      console.log(`Without ${name}: ${(error as Error).message}`);
      await peer[Symbol.asyncDispose]().catch(() => {});
    }
  }
  return peers;
}

async function measure(options: BenchOptions): Promise<Result[]> {
  await using lab = await Lab.open();
  await using stack = new AsyncDisposableStack();
  const peers = (await openPeers(options, lab)).map((peer) => stack.use(peer));
  const results: Result[] = [];
  for (const [name, run] of Object.entries(cases)) {
    if (options.only.length > 0 && !options.only.includes(name)) continue;
    const result = await run({ lab, peers, quick: options.quick });
    print(result);
    results.push(result);
  }
  return results;
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) {
    console.log(usage);
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
  save(resultFile, await measure(options));
  console.log(`\nAll figures: ${resultFile}`);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
