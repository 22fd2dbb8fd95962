import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DockerRegistry } from '../../test/harness/docker-registry.ts';
import { type Archive, filesArchive } from './contents.ts';
import { type Compression, writeLayout } from './layout.ts';

const execute = promisify(execFile);
const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** An image in every form in which an engine takes one. */
export interface BenchImage {
  /** The start of the names of its rows. */
  readonly title: string;
  /** In the registry on loopback. */
  readonly name: string;
  /** Folder of an OCI layout, with the tag `latest`. */
  readonly layout: string;
  /** The layout as a tar archive, which `docker load` takes as well. */
  readonly archive: string;
  readonly compression: Compression;
}

interface Plan {
  readonly title: string;
  readonly layers: readonly Archive[];
  readonly compression: Compression;
}

/** Docker's registry on loopback with the images of these plans, and the same as files. */
export class BenchImages implements AsyncDisposable {
  readonly images: readonly BenchImage[];
  readonly #registry: DockerRegistry;
  readonly #folder: string;

  private constructor(folder: string, registry: DockerRegistry, images: readonly BenchImage[]) {
    this.#folder = folder;
    this.#registry = registry;
    this.images = images;
  }

  static async make(home: string, plans: readonly Plan[]): Promise<BenchImages> {
    const folder = join(home, 'images');
    mkdirSync(folder);
    await using stack = new AsyncDisposableStack();
    const registry = stack.use(await DockerRegistry.start());
    const images: BenchImage[] = [];
    for (const [index, plan] of plans.entries())
      images.push(
        await makeImage(join(folder, String(index)), `${registry.host}/bench/${index}:latest`, plan),
      );
    stack.move();
    return new BenchImages(folder, registry, images);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

async function makeImage(folder: string, name: string, plan: Plan): Promise<BenchImage> {
  const { layers, compression } = plan;
  const layout = join(folder, 'layout');
  mkdirSync(folder);
  const size = await writeLayout(layout, name, layers, compression);
  const archive = join(folder, 'archive.tar');
  await execute('tar', ['-C', layout, '-cf', archive, '.']);
  const from = `oci:${layout}:latest`;
  await execute('skopeo', [
    '--insecure-policy',
    'copy',
    '-q',
    '--dest-tls-verify=false',
    from,
    `docker://${name}`,
  ]);
  const title = `${plan.title}: ${(size / mebibyte).toFixed(0)} MiB in ${layers.length} layers`;
  return { title, name, layout, archive, compression };
}

/** (a) layers of ordinary size, (b) many small files, (c) one great layer. With `quick` a tenth of everything. */
export function typicalPlans(quick: boolean): readonly Plan[] {
  const part = quick ? 0.1 : 1;
  return [
    {
      title: '14 layers',
      compression: 'gzip',
      layers: Array.from({ length: 14 }, (_, seed) => filesArchive(seed, 1600 * part, 64 * kibibyte)),
    },
    { title: 'small files', compression: 'gzip', layers: [filesArchive(100, 100_000 * part, 2 * kibibyte)] },
    { title: 'zstd', compression: 'zstd', layers: [filesArchive(200, 9600 * part, 64 * kibibyte)] },
  ];
}
