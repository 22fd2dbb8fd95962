// Who may include whom in native/. A module is a .c file and the header of the same name. Only that header declares
// what the module offers, so the includes show every call: modules may not include one another in a circle, and folders keep to DEPS files.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findCircle, showCircle } from './circle.ts';
import { checkDeps } from './deps.ts';
import type { Import } from './imports.ts';

/** Made by native/Makefile from common/sizes.ts. */
const generated = 'sizes.h';

/** Complaints about the C `sources`, also by the rules of `deps` (path of a DEPS file → its text). */
export function checkC(deps: ReadonlyMap<string, string>, sources: ReadonlyMap<string, string>): string[] {
  return [
    ...checkDeps(deps, sources, includesOf),
    ...circle([...sources].flatMap(([file, source]) => includesOf(file, source))),
    ...misplacedPrototypes(sources),
  ];
}

/** The C sources of the product below `top`, by path. */
export function readCSources(top: string): Map<string, string> {
  const files = globSync('native/{include,src}/**/*.{c,h,def}', { cwd: top });
  return new Map(files.map((file) => [file, readFileSync(join(top, file), 'utf8')]));
}

/** `#include "x.h"` is a file beside it, "include/x.h" one of native/include/, and "folder/x.h" one of native/src/. */
function includesOf(from: string, source: string): Import[] {
  return [...source.matchAll(/^#include "([^"]+)"/gm)].flatMap(({ 1: name = '', index }) => {
    if (name === generated) return [];
    const folder = name.startsWith('include/') ? 'native' : name.includes('/') ? 'native/src' : dirname(from);
    return [{ from, line: lineAt(source, index), to: join(folder, name), isPackage: false }];
  });
}

function lineAt(source: string, index: number): number {
  return source.slice(0, index).split('\n').length;
}

function moduleOf(path: string): string {
  return path.replace(/\.\w+$/, '');
}

/** The first circle of modules. */
function circle(includes: readonly Import[]): string[] {
  const arrows = includes.map((found) => ({ from: moduleOf(found.from), to: moduleOf(found.to), found }));
  const modules = findCircle(arrows);
  if (modules === undefined) return [];
  return [
    [
      `C modules include one another in a circle: ${showCircle(modules)}`,
      ...modules.map(({ found }) => `  ${found.from}:${found.line} includes ${found.to}`),
      '  Move what both need into a module below them, or pass it in as an argument.',
    ].join('\n'),
  ];
}

interface Declared {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly isDefinition: boolean;
}

/** Functions that are not static: each begins at the start of a line with its type, and has a space before its parameters. */
function functionsOf(file: string, source: string): Declared[] {
  const text = source
    .replace(/\/\*.*?\*\//gs, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/__attribute__ \(\(.*?\)\) ?/g, '');
  return [...text.matchAll(/^(?!static\b)[A-Za-z_][\w \t*]*\b(\w+) \([^;{}]*\)\s*([;{])/gm)].map(
    ({ 1: name = '', 2: end, index }) => {
      return { file, line: lineAt(text, index), name, isDefinition: end === '{' };
    },
  );
}

/** Prototypes of functions that another module defines. native/include/ has the interfaces that many modules implement. */
function misplacedPrototypes(sources: ReadonlyMap<string, string>): string[] {
  const functions = [...sources].flatMap(([file, source]) => functionsOf(file, source));
  const definitions = new Map(
    functions.filter(({ isDefinition }) => isDefinition).map(({ name, file }) => [name, file]),
  );
  return functions.flatMap(({ file, line, name, isDefinition }) => {
    const home = definitions.get(name);
    if (isDefinition || home === undefined || file.startsWith('native/include/')) return [];
    if (moduleOf(home) === moduleOf(file)) return [];
    return [
      `${file}:${line} declares ${name}, which ${home} defines: declare it in ${moduleOf(home)}.h and include that, so that the includes show who calls whom`,
    ];
  });
}
