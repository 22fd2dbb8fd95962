import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Import {
  /** Path of the importing file from the top of the repository. */
  readonly from: string;
  /** Line of the import in it, from 1. */
  readonly line: number;
  /** Path of the imported file likewise, or a package's name. */
  readonly to: string;
  readonly isPackage: boolean;
}

/** import and export … from '…', import '…', import('…'). A clause holds no quote, semicolon, = or parenthesis. */
const importPattern =
  /^[ \t]*(?:import|export)\s[^;'"`=()]*?\bfrom\s*['"]([^'"]+)['"]|^[ \t]*import\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]/gm;

export function importsOf(from: string, source: string): Import[] {
  return [...source.matchAll(importPattern)].map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? '';
    const line = source.slice(0, match.index).split('\n').length;
    if (name.startsWith('.')) return { from, line, to: join(dirname(from), name), isPackage: false };
    return { from, line, to: packageName(name), isPackage: true };
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

/** The product's TypeScript sources below `top`, by path. */
export function readSources(top: string): Map<string, string> {
  const files = globSync('{common,library,client,daemon,proto}/**/*.ts', {
    cwd: top,
    exclude: ['proto/gen/**'],
  });
  return new Map(files.map((file) => [file, readFileSync(join(top, file), 'utf8')]));
}
