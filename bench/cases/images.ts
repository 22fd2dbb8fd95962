import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Disk } from '../disk.ts';
import { type Engine, isInstalled } from '../engines/engine.ts';
import type { ImageCommands } from '../engines/image-commands.ts';
import { Runner } from '../engines/runner.ts';
import { type BenchImage, BenchImages, typicalPlans } from '../images/bench-images.ts';
import { goOn } from '../interrupt.ts';
import { Lab } from '../lab.ts';
import type { Sample } from '../measure.ts';
import { peakBytes, resetPeak } from '../memory.ts';
import { openPeers, peerNames } from '../peers.ts';
import { atMost, race } from '../race.ts';
import { type Result, rowOf } from '../report.ts';
import type { Bench, Case } from './case.ts';

const mebibyte = 2 ** 20;
const own = 'liker';
const peak = 'likerd';
const verbs = {
  pull: { title: 'pull and unpack', factor: 0.6 },
  load: { title: 'unpack what is here', factor: 0.7 },
} as const;
type Verb = keyof typeof verbs;

interface Contestant {
  readonly name: string;
  readonly runner: Runner;
  readonly images: ImageCommands;
  /** The image's files may go later: resolves when they have. */
  gone(): Promise<void>;
}

/** Images: pull and unpack, unpack alone, and how much memory likerd takes for it. */
export const imagesCase: Case = async (bench): Promise<readonly Result[]> => {
  using disk = new Disk(bench.lab.home);
  // podman takes no long paths.
  const home = join(disk.folder, 'lab');
  mkdirSync(home);
  await using lab = await Lab.open({ checkout: bench.lab.checkout, home });
  await using runner = new Runner({ cwd: home, log: join(home, 'likerctl.log'), env: lab.env });
  await using made = await BenchImages.make(home, typicalPlans(bench.quick));
  await using stack = new AsyncDisposableStack();
  const measured = bench.peers.filter(({ images }) => images !== null).map(({ name }) => name);
  const without = peerNames.filter((name) => !measured.includes(name));
  const peers = (await openPeers(lab, without)).map((peer) => stack.use(peer));
  const contestants = [liker(lab, runner), ...peersOf(peers), ...umoci(home, runner)];
  const peaks: number[] = [];
  const results: Result[] = [];
  for (const verb of Object.keys(verbs) as Verb[])
    for (const image of made.images)
      results.push(await measure(bench, { lab, peaks, contestants }, { verb, image }));
  return [
    ...results,
    {
      name: 'images-memory',
      title: 'greatest resident memory of likerd in each of these',
      unit: 'MiB',
      rows: [rowOf(peak, peaks)],
      notes: [],
      aims: [{ work: "likerd's memory while images come", row: peak, limit: 120, bound: '120 MiB' }],
    },
  ];
};

async function measure(
  { quick }: Bench,
  { lab, peaks, contestants }: { lab: Lab; peaks: number[]; contestants: readonly Contestant[] },
  { verb, image }: { verb: Verb; image: BenchImage },
): Promise<Result> {
  const turn = async ({ name, runner, images, gone }: Contestant): Promise<Sample> => {
    goOn();
    resetPeak(lab.pid);
    const ms = await runner.time(images[verb](image));
    if (name === own) peaks.push(peakBytes(lab.pid) / mebibyte);
    await runner.time(images.remove(image));
    await gone();
    return { ms };
  };
  const { rows, notes } = await race(
    contestants.map((contestant) => ({
      name: contestant.name,
      isPeer: contestant.name !== own,
      turn: () => turn(contestant),
    })),
    quick ? 2 : 5,
  );
  const { title, factor } = verbs[verb];
  return {
    name: `${verb}-${image.title.replaceAll(/\W+/g, '-')}`,
    title: `${title}: ${image.title}, ${image.compression}`,
    unit: 's',
    rows,
    notes,
    aims: [
      atMost(
        factor,
        rows.filter(({ name }) => name !== own),
        { work: `${title}: ${image.title}`, row: own },
      ),
    ],
  };
}

function liker(lab: Lab, runner: Runner): Contestant {
  const { likerctl } = lab;
  return {
    name: own,
    runner,
    images: {
      pull: ({ name }) => `${likerctl} pull -q ${name}`,
      load: ({ archive }) => `${likerctl} load -q -i ${archive}`,
      remove: () => `${likerctl} rmi -f $(${likerctl} images -q)`,
    },
    async gone() {
      const trash = join(lab.home, 'root/trash');
      while (existsSync(trash) && readdirSync(trash).length > 0) await sleep(50);
      await settle(runner);
    },
  };
}

function peersOf(peers: readonly Engine[]): Contestant[] {
  return peers.flatMap(({ name, runner, images }) =>
    images === null ? [] : [{ name, runner, images, gone: () => settle(runner) }],
  );
}

/** With skopeo, since it fetches nothing itself. */
function umoci(home: string, runner: Runner): Contestant[] {
  if (!isInstalled('umoci') || !isInstalled('skopeo')) return [];
  const folder = join(home, 'umoci');
  mkdirSync(folder);
  const unpack = (layout: string): string => `umoci unpack --image ${layout}:latest ${folder}/bundle`;
  const copy = 'skopeo --insecure-policy copy -q --src-tls-verify=false';
  const images: ImageCommands = {
    pull: ({ name }) =>
      `${copy} docker://${name} oci:${folder}/layout:latest && ${unpack(`${folder}/layout`)}`,
    load: ({ layout }) => unpack(layout),
    remove: () => `rm -r ${folder}/*`,
  };
  return [{ name: 'umoci', runner, images, gone: () => settle(runner) }];
}

/** What one contestant left to be written, or freed, is not the next one's. */
async function settle(runner: Runner): Promise<void> {
  await runner.time('sync');
}
