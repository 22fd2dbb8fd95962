// Who may import whom. docs/ARCHITECTURE.md draws it; this is what is checked.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Import {
  /** Path of the importing file from the top of the repository. */
  readonly from: string;
  /** Path of the imported file likewise, or a package's name. */
  readonly to: string;
  readonly isPackage: boolean;
}

/** Layer → the layers it may import, beside itself. Tests, scripts and benchmarks may import anything. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  common: [],
  proto: [],
  client: ['common', 'proto'],
  'daemon/main': [
    'daemon/api',
    'daemon/engine',
    'daemon/host',
    'daemon/kernel',
    'daemon/metrics',
    'daemon/native',
    'daemon/storage',
    'daemon/store',
    'common',
    'proto',
  ],
  'daemon/api': ['daemon/engine', 'common', 'proto'],
  'daemon/engine': ['daemon/kernel', 'daemon/storage', 'daemon/store', 'common'],
  'daemon/host': ['daemon/native', 'common'],
  'daemon/loop': [],
  'daemon/storage': ['daemon/native', 'common'],
  'daemon/kernel': ['daemon/native', 'common'],
  'daemon/metrics': ['daemon/engine', 'common'],
  'daemon/store': ['common'],
  'daemon/native': ['common'],
};

/** What every layer of the daemon may import beside that: the interface of its log, and what shares out the event loop. */
const daemonShared = ['daemon/host/log.ts', 'daemon/loop/'];

/** Package → the only files or folders that may import it. */
const packageOwners: Readonly<Record<string, readonly string[]>> = {
  koffi: ['daemon/native/koffi.ts'],
  '@grpc/grpc-js': ['client/', 'daemon/api/', 'daemon/main', 'proto/'],
  'prom-client': ['daemon/metrics/'],
  'node:sqlite': ['daemon/store/'],
  yargs: ['client/', 'daemon/host/'],
};

const free = ['test', 'scripts', 'bench'];

/** The layer of a file: its top folder; below daemon/ the second one, daemon/main for the files in daemon/ itself, test for daemon/test. */
export function layerOf(path: string): string {
  const [top = '', second = '', ...rest] = path.split('/');
  if (top !== 'daemon') return top;
  if (second === 'test') return 'test';
  return rest.length === 0 ? 'daemon/main' : `daemon/${second}`;
}

/** Why the import breaks a rule, or undefined when it does not. */
export function violation({ from, to, isPackage }: Import): string | undefined {
  const layer = layerOf(from);
  if (free.includes(layer)) return undefined;
  const isTest = from.endsWith('.test.ts');
  if (isPackage) return isTest ? undefined : packageViolation(to);

  const target = layerOf(to);
  if (isTest && target === 'test') return undefined;
  if (to === 'package.json') return undefined; // for the version
  if (layer.startsWith('daemon/') && daemonShared.some((path) => to.startsWith(path))) return undefined;
  if (target !== layer) {
    const may = allowed[layer];
    if (may === undefined) return `${layer} is not a layer: name it in scripts/layers.ts`;
    if (!may.includes(target)) return `${layer} may import ${may.join(', ') || 'nothing'}, not ${target}`;
    return undefined;
  }
  return layer === 'daemon/kernel' ? adapterViolation() : undefined;

  function packageViolation(name: string): string | undefined {
    const owners = packageOwners[name];
    if (owners === undefined || owners.some((owner) => from.startsWith(owner))) return undefined;
    return `only ${owners.join(', ')} may import ${name}`;
  }

  function adapterViolation(): string | undefined {
    const [mine, theirs] = [from.split('/')[2], to.split('/')[2]];
    if (mine === theirs || theirs === 'plan') return undefined;
    return `adapters of the kernel do not import one another: daemon/kernel/${mine} may not import daemon/kernel/${theirs}`;
  }
}

/** import and export … from '…', import '…', import('…'): with one quoted name, at the start of a statement or in a call. */
const importPattern = /(?:^\s*(?:import|export)\b[^;'"`]*?|\bimport\s*\(\s*)['"]([^'"]+)['"]/gm;

export function importsOf(from: string, source: string): Import[] {
  return [...source.matchAll(importPattern)].map(([, name = '']) => {
    if (name.startsWith('.')) return { from, to: join(dirname(from), name), isPackage: false };
    return { from, to: packageName(name), isPackage: true };
  });
}

/** 'koffi/indirect' → 'koffi', '@grpc/grpc-js/build/x' → '@grpc/grpc-js'; node:fs/promises stays. */
function packageName(name: string): string {
  if (name.startsWith('node:')) return name;
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The files in which likerctl writes, and escapes what strangers chose (client/output/print.ts). */
const outputs = 'client/output/';

/** Why the source breaks the rule that all of likerctl's output goes through one place; undefined when it does not. */
export function outputViolation(from: string, source: string): string | undefined {
  const isBound = from.startsWith('client/') && !from.startsWith(outputs) && !from.endsWith('.test.ts');
  if (!isBound || !/\bconsole\.\w+\(|\bprocess\.std(out|err)\.write\(/.test(source)) return undefined;
  return `only ${outputs} writes to stdout and stderr: print with its print.ts`;
}

/** Maps of the API with keys that users choose. */
const usersMaps = ['annotations', 'attributes', 'env', 'labels', 'metadata', 'priorities', 'sysctls'];

/**
 * Looks a word up in an object that inherits toString, constructor and more, where own() of common/own.ts belongs: `map[word]`
 * of a user's map, or of what this source declares as a Record of strings. Undefined when it does not.
 */
export function lookupViolation(from: string, source: string): string | undefined {
  if (from.endsWith('.test.ts') || from === 'common/own.ts') return undefined;
  const declared = [...source.matchAll(/\b(\w+)\??: (?:Readonly<)?Record<string,/g)].map(([, name]) => name);
  const names = [...new Set([...declared, ...usersMaps])].join('|');
  const lookup = new RegExp(
    `(?<!\\bdelete )\\b(?:\\w+\\??\\.)*(?:${names})(?:\\?\\.)?\\[(?!['"\\d\\]])[^\\]]*\\](?! = )`,
  );
  const found = lookup.exec(source)?.[0];
  return (
    found && `${found} finds toString and constructor in every object: use own() of common/own.ts, or a Map`
  );
}

/** Every import of the TypeScript sources below `top`. */
export function readImports(top: string): Import[] {
  return [...readSources(top)].flatMap(([file, source]) => importsOf(file, source));
}

/** The TypeScript sources below `top`, by path. */
export function readSources(top: string): Map<string, string> {
  const files = globSync('{common,client,daemon,proto}/**/*.ts', { cwd: top, exclude: ['proto/gen/**'] });
  return new Map(files.map((file) => [file, readFileSync(join(top, file), 'utf8')]));
}
