// node scripts/build-library.ts [--version V] [--output FOLDER]: makes liker-VERSION.tgz, the npm package of library/.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { tarEnd, tarHeader, tarPadding } from '../common/tar.ts';
import { importsOf } from './imports.ts';

const top = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    version: { type: 'string' },
    output: { type: 'string', default: join(top, 'dist') },
    // Of the package for Debian, which is built beside.
    fast: { type: 'boolean', default: false },
  },
});

const entry = 'library/index';
const packageJson = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
};
const version = values.version ?? packageJson.version;
const work = mkdtempSync(join(tmpdir(), 'liker-library-'));
try {
  const files = new Map<string, string>([
    ['package.json', `${JSON.stringify(manifest(), null, 2)}\n`],
    ['README.md', readFileSync(join(top, 'docs/library.md'), 'utf8')],
    ['LICENSE', readFileSync(join(top, 'LICENSE'), 'utf8')],
    ['LICENSE.protobufjs', readFileSync(join(top, 'node_modules/protobufjs/LICENSE'), 'utf8')],
    ...(await code()),
    ...types(),
  ]);
  mkdirSync(values.output, { recursive: true });
  const file = join(values.output, `liker-${version}.tgz`);
  writeFileSync(file, gzipSync(archive(files), { level: 9 }));
  console.log(file);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function manifest(): object {
  const client = '@grpc/grpc-js';
  return {
    name: 'liker',
    version,
    description: 'Containers of likerd from a program',
    license: 'MIT',
    type: 'module',
    engines: { node: '>=22' },
    exports: { '.': { types: './types/library/index.d.ts', default: './code/index.js' } },
    dependencies: { [client]: packageJson.dependencies[client] },
  };
}

/** gRPC is a chunk of its own, which is loaded for a likerd that speaks nothing else. */
async function code(): Promise<[string, string][]> {
  const { outputFiles } = await build({
    entryPoints: [join(top, `${entry}.ts`)],
    absWorkingDir: top,
    outdir: 'code',
    write: false,
    bundle: true,
    splitting: true,
    chunkNames: '[name]-[hash]',
    platform: 'node',
    format: 'esm',
    target: 'node22',
    external: ['@grpc/grpc-js'],
    // 64-bit integers are numbers.
    plugins: [
      {
        name: 'numbers',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^long$/ }, ({ path }) => ({ path, namespace: 'numbers' }));
          onLoad({ filter: /./, namespace: 'numbers' }, () => ({ contents: 'module.exports = null;' }));
        },
      },
    ],
    legalComments: 'none',
    logLevel: 'warning',
  });
  return outputFiles.map(({ path, text }) => [`code/${path.slice(path.lastIndexOf('/') + 1)}`, text]);
}

/** The declarations that index.d.ts leads to. */
function types(): [string, string][] {
  const config = {
    extends: join(top, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      rewriteRelativeImportExtensions: true,
      rootDir: top,
      outDir: work,
      typeRoots: [join(top, 'node_modules/@types')],
    },
    include: [],
    files: [join(top, `${entry}.ts`)],
  };
  const path = join(work, 'tsconfig.json');
  writeFileSync(path, JSON.stringify(config));
  execFileSync('tsc', ['-p', path], { stdio: ['ignore', 'inherit', 'inherit'] });
  const found = new Map<string, string>();
  const add = (file: string): void => {
    if (found.has(`types/${file}`)) return;
    // Generated types name the place of their source on this machine.
    const text = readFileSync(join(work, file), 'utf8').replace(/^\/\/ Original file: .*\n/, '');
    found.set(`types/${file}`, text);
    for (const { to, isPackage } of importsOf(file, text))
      if (!isPackage) add(to.replace(/\.[jt]s$/, '.d.ts'));
  };
  add(`${entry}.d.ts`);
  return [...found];
}

/** Without times, so that the same sources make the same package. */
function archive(files: ReadonlyMap<string, string>): Buffer {
  const parts = [...files].flatMap(([name, text]) => {
    const bytes = Buffer.from(text);
    return [
      tarHeader({ kind: 'file', name: `package/${name}`, size: bytes.length }),
      bytes,
      tarPadding(bytes.length),
    ];
  });
  return Buffer.concat([...parts, tarEnd()]);
}
