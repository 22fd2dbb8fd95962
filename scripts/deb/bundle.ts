import { readFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';

export interface BundleOptions {
  /** The repository. */
  readonly top: string;
  /** Path of the entry module from the repository's top. */
  readonly entry: string;
  /** The file to write. */
  readonly outfile: string;
  /** Modules that are separate bundles: import specifier → the path that it is replaced with. */
  readonly apart?: Readonly<Record<string, string>>;
  /** More packages that are not bundled. */
  readonly external?: readonly string[];
}

/** Packages with compiled code are not bundled. */
export const unbundled = ['koffi'];

/**
 * Bundles a Node.js program into one module, at the same depth below the top as its entry module. A source that reads its
 * own path gets the path that it would have below that top.
 */
export async function bundle({
  top,
  entry,
  outfile,
  apart = {},
  external = [],
}: BundleOptions): Promise<void> {
  const above = relative(dirname(entry), '.') || '.';
  await build({
    entryPoints: [entry],
    absWorkingDir: top,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    external: [...unbundled, ...external],
    plugins: [keepApart(apart), keepPlaces(top)],
    banner: {
      js: [
        "import { createRequire as __createRequire } from 'node:module';",
        "import { join as __join } from 'node:path';",
        "import { pathToFileURL as __pathToFileURL } from 'node:url';",
        'const require = __createRequire(import.meta.url);',
        `const __top = __join(import.meta.dirname, ${JSON.stringify(above)});`,
      ].join('\n'),
    },
    legalComments: 'none',
    logLevel: 'warning',
  });
}

function keepApart(apart: Readonly<Record<string, string>>): Plugin {
  return {
    name: 'keep-apart',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path }) => {
        const file = apart[path];
        return file === undefined ? undefined : { path: file, external: true };
      });
    },
  };
}

function keepPlaces(top: string): Plugin {
  return {
    name: 'keep-places',
    setup({ onLoad }) {
      onLoad({ filter: /\.(ts|js|mjs|cjs)$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        if (!/import\.meta\.|__dirname|__filename/.test(source)) return undefined;
        const file = `__join(__top, ${JSON.stringify(relative(top, path))})`;
        const folder = `__join(__top, ${JSON.stringify(dirname(relative(top, path)))})`;
        const contents = source
          .replaceAll('import.meta.url', `__pathToFileURL(${file}).href`)
          .replaceAll('import.meta.dirname', folder);
        // An ES module may define its own __dirname.
        const common = `const __dirname = ${folder}, __filename = ${file};\n`;
        const isCommon =
          /\b__(dir|file)name\b/.test(source) && !/\b(const|let|var) __(dir|file)name\b/.test(source);
        return { contents: (isCommon ? common : '') + contents, loader: path.endsWith('.ts') ? 'ts' : 'js' };
      });
    },
  };
}
