// Bundles likerctl into dist/: one script, V8's code cache, taken at the end of real runs, and a small loader; and the same as a program
// of Bun, if that is installed.
// Reading and compiling a few hundred modules would take longer than everything else that likerctl does.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { FakeServer } from '../client/test/fake-server.ts';
import { nodeFlags } from './node-flags.ts';

const top = join(import.meta.dirname, '..');
const dist = join(top, 'dist');

/** Together, these runs use all code that common commands need. */
const warmUps = [
  ['version'],
  ['ps', '-a'],
  ['ps', '--format', '{{.Names}}'],
  ['run', '-i', '--rm', '-e', 'A=b', '-v', '/tmp:/tmp', '/', 'true'],
  ['exec', 'web', 'true'],
  ['inspect', 'web'],
  ['logs', 'web'],
  ['rm', '-f', 'web'],
];

/** The names contain the digest, since V8 accepts a cache of a different script of the same length. */
const loader = (digest: string): string => `'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

// The libraries read the working directory as they load, which throws if it was deleted.
try {
  process.cwd();
} catch {
  process.chdir('/');
}
const filename = join(__dirname, 'likerctl-${digest}.cjs');
let cachedData;
try {
  cachedData = readFileSync(join(__dirname, 'likerctl-${digest}.cache'));
} catch {
  // Only the speed of the start depends on it.
}
// V8 rejects a cache from another version or other flags.
const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
const main = script.runInThisContext();
`;

const start = `main(exports, require, module, filename, __dirname);\n`;

/** Runs each command line in the same isolate, then writes the code that V8 has compiled. */
const recorder = (cache: string): string => `
process.exit = (code) => (code === 0 ? next() : process.reallyExit(code));
const runs = JSON.parse(process.env.LIKER_WARM_UPS);
function next() {
  const args = runs.shift();
  if (args === undefined) {
    require('node:fs').writeFileSync('${cache}', script.createCachedData());
    process.reallyExit(0);
  }
  for (const event of ['uncaughtException', 'unhandledRejection', 'exit', 'SIGUSR1']) process.removeAllListeners(event);
  process.argv = [process.argv[0], filename, ...args];
  script.runInThisContext()({}, require, {}, filename, __dirname);
}
next();
`;

/** A built-in module that is loaded on first use. */
const onUse = (name: string): string =>
  `module.exports = new Proxy({}, { get: (_, key) => require('node:${name}')[key] });`;

/**
 * Replaces modules that slow every start and that likerctl rarely or never uses: the code around yargs' parser,
 * 64-bit integers as objects (likerctl uses numbers), and of grpc-js channelz, compression and
 * name resolution.
 */
const replacements: Readonly<Record<string, string>> = {
  '../lib/platform-shims/esm.mjs': 'export default {};',
  'node:module': 'export const createRequire = undefined;',
  long: 'module.exports = null;',
  '@js-sdsl/ordered-map': 'exports.OrderedMap = class { eraseElementByKey() {} };',
  '@grpc/proto-loader': '',
  util: onUse('util'),
  zlib: onUse('zlib'),
  dns: onUse('dns'),
};

const replaceSlowModules: Plugin = {
  name: 'replace-slow-modules',
  setup({ onResolve, onLoad, onEnd }) {
    onResolve({ filter: /./ }, ({ path }) => {
      return Object.hasOwn(replacements, path) ? { path, namespace: 'replaced' } : undefined;
    });
    const unused = new Set(Object.keys(replacements));
    onLoad({ filter: /./, namespace: 'replaced' }, ({ path }) => {
      unused.delete(path);
      return { contents: replacements[path] ?? '' };
    });
    // If a library now imports another module, starts would be slow again unnoticed.
    onEnd(() => ({ errors: [...unused].map((path) => ({ text: `Nothing asks for '${path}' any more` })) }));
  },
};

type Runtime = Pick<BuildOptions, 'banner' | 'footer' | 'define'> & { readonly plugins?: Plugin[] };

const forNode: Runtime = {
  banner: {
    js: `(function (exports, require, module, __filename, __dirname) {\nconst __moduleUrl = require('node:url').pathToFileURL(__filename).href;`,
  },
  footer: { js: '})' },
  define: { 'import.meta.url': '__moduleUrl', 'import.meta.dirname': '__dirname' },
};

const useBunSockets: Plugin = {
  name: 'use-bun-sockets',
  setup({ onResolve }) {
    const path = join(top, 'client/connection/bun-socket.ts');
    onResolve({ filter: /\/local-socket\.ts$/ }, () => ({ path }));
  },
};

const forBun: Runtime = {
  plugins: [useBunSockets],
  banner: { js: `const __folder = require('node:path').dirname(process.execPath);` },
  define: { 'import.meta.dirname': '__folder' },
};

async function bundle({ plugins = [], ...runtime }: Runtime): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(top, 'client/main.ts')],
    write: false,
    bundle: true,
    plugins: [...plugins, replaceSlowModules],
    platform: 'node',
    format: 'cjs',
    target: 'node26',
    // Node.js reads Latin-1 without decoding.
    charset: 'ascii',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    ...runtime,
  });
  return outputFiles[0]?.text ?? '';
}

/** Has every field that containers usually have, so that the code for it is in the cache. */
const container = {
  id: 'a'.repeat(64),
  createdAt: { seconds: 1 },
  startedAt: { seconds: 2 },
  state: 'CONTAINER_STATE_RUNNING',
  cgroupPaths: { v2: '/a' },
  appliedLimits: [{ knob: 'pids.max' }],
  spec: {
    name: 'web',
    rootfs: { directory: '/' },
    process: { args: ['true'] },
    namespaces: {},
    resources: { cpu: {}, memory: {}, pids: { max: 1 }, io: {}, network: {}, cgroup: {} },
    restart: {},
  },
};

/** Answers the warm-up runs. */
async function recordCache(digest: string): Promise<void> {
  await using server = new FakeServer();
  await server.listen({
    async run(session) {
      await session.ready();
      await session.send({ stdout: { offset: 0, data: Buffer.from('x') } });
      await session.exit(0);
    },
    async exec(session) {
      await session.ready();
      await session.exit(0);
    },
    unary: {
      GetVersion: () => ({ version: '0' }),
      ListContainers: () => ({ containers: [container] }),
      GetContainer: () => ({ container }),
      RemoveContainer: () => ({}),
    },
    streams: { ReadLogs: () => [{ entries: [{ stream: 'LOG_STREAM_STDOUT', data: Buffer.from('x\n') }] }] },
  });
  const recorderPath = join(dist, 'record-cache.cjs');
  writeFileSync(recorderPath, loader(digest) + recorder(join(dist, `likerctl-${digest}.cache`)));
  const child = spawn(process.execPath, [...nodeFlags, recorderPath], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      LIKER_HOST: `unix://${server.socketPath}`,
      LIKER_WARM_UPS: JSON.stringify(warmUps),
    },
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('exit', resolve);
  const code = await promise;
  rmSync(recorderPath);
  if (code !== 0) throw new Error(`The run that records the code cache ended with ${code}`);
}

const buns: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'bun-linux-x64-baseline',
  arm64: 'bun-linux-aarch64',
};

/** Where Bun is not installed, or the CPU is too old for it, likerctl takes Node.js for all commands. */
async function compileForBun(): Promise<void> {
  const program = join(dist, 'likerctl');
  const bun = join(top, 'node_modules/@oven', buns[process.arch] ?? '', 'bin/bun');
  const source = join(dist, 'bun.cjs');
  writeFileSync(source, await bundle(forBun));
  const flags = [
    '--bytecode',
    // A short command would compile functions that it calls a few hundred times, such as for each container of a list, and then end.
    '--compile-jit-policy=100',
    '--format=cjs',
    // The user's working directory may have files of these names.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
  ];
  try {
    execFileSync(bun, ['build', '--compile', ...flags, `--outfile=${program}.new`, source], {
      stdio: 'pipe',
    });
    execFileSync(`${program}.new`, ['--version'], { stdio: 'pipe' });
    renameSync(`${program}.new`, program);
  } catch (error) {
    console.error(`likerctl is not compiled, and starts with Node.js: ${(error as Error).message}`);
    rmSync(program, { force: true });
  }
  rmSync(source);
}

mkdirSync(dist, { recursive: true });
const script = await bundle(forNode);
const digest = createHash('sha256').update(script).digest('hex').slice(0, 12);
rmSync(join(dist, `likerctl-${digest}.cache`), { force: true });
writeFileSync(join(dist, `likerctl-${digest}.cjs`), script);
await recordCache(digest);
// A likerctl that starts meanwhile finds either all old or all new files.
writeFileSync(join(dist, 'boot.cjs.new'), loader(digest) + start);
renameSync(join(dist, 'boot.cjs.new'), join(dist, 'boot.cjs'));
for (const name of readdirSync(dist)) {
  if (name.startsWith('likerctl-') && !name.includes(digest)) rmSync(join(dist, name));
}
await compileForBun();
