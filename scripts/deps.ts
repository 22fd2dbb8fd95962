// Who may import whom. A folder with a DEPS file is a component: the file says what the component is for and what it may
// import beside itself. CONTRIBUTING.md describes the format.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findCircle, showCircle } from './circle.ts';
import { type Import, importsOf } from './imports.ts';

interface Component {
  /** Path of the folder from the top of the repository, with a slash at its end. */
  readonly folder: string;
  readonly purpose: string;
  /** Folders of other components ('common/'), single files of theirs ('daemon/engine/api.ts') and packages ('koffi'). */
  readonly allowed: readonly string[];
}

/** Tests and their helpers: they may import anything, and nothing in the product may import them. */
const testPattern = /\.(test|guest)\.ts$|(^|\/)test\//;

/** Any component may use built-in modules of Node.js, except this one: one component owns the database. */
const ownedBuiltIn = 'node:sqlite';

/** Complaints about the imports of `sources`, by the rules of `deps` (path of a DEPS file → its text). */
export function checkDeps(
  deps: ReadonlyMap<string, string>,
  sources: ReadonlyMap<string, string>,
  findImports = importsOf,
): string[] {
  const components = [...deps].map(([path, text]) => parseDeps(path, text));
  const files = [...sources.keys()].filter((file) => !testPattern.test(file));
  const imports = files.flatMap((file) => findImports(file, sources.get(file) ?? ''));
  // Who may import whom cannot be judged before each file has its component.
  const missing = new Set(files.flatMap((file) => missingDeps(components, file)));
  if (missing.size > 0) return [...missing];
  return [
    ...components.filter(({ purpose }) => purpose === '').map(missingPurpose),
    ...imports.flatMap(ofTests),
    ...complaints(imports.flatMap((found) => forbidden(components, found))),
    ...components.flatMap((component) => unused(components, component, imports)),
    ...circle(components),
  ];
}

export function readDeps(top: string, folders = '{common,library,client,daemon,proto}'): Map<string, string> {
  const paths = globSync(`${folders}/**/DEPS`, { cwd: top });
  return new Map(paths.map((path) => [path, readFileSync(join(top, path), 'utf8')]));
}

function parseDeps(path: string, text: string): Component {
  const lines = text.split('\n').map((line) => line.trim());
  const purpose = lines[0]?.startsWith('#') ? lines[0].slice(1).trim() : '';
  const allowed = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return { folder: folderOf(path), purpose, allowed };
}

function folderOf(path: string): string {
  return `${dirname(path)}/`;
}

/** The component that a file belongs to: the nearest folder above it with a DEPS file. */
function componentOf(components: readonly Component[], path: string): Component | undefined {
  return components
    .filter(({ folder }) => path.startsWith(folder))
    .reduce<Component | undefined>(
      (nearest, one) => (one.folder.length > (nearest?.folder.length ?? 0) ? one : nearest),
      undefined,
    );
}

function missingPurpose({ folder }: Component): string {
  return `${folder}DEPS: the first line must say what the folder is for, after a #`;
}

/** A subfolder may use its parent's DEPS file only if the parent contains no other component. */
function missingDeps(components: readonly Component[], file: string): string[] {
  const folder = folderOf(file);
  const component = componentOf(components, file);
  const holdsOthers = components.some(
    (other) => other !== component && other.folder.startsWith(component?.folder ?? ''),
  );
  if (component !== undefined && (component.folder === folder || !holdsOthers)) return [];
  return [
    `${folder} has no DEPS file. Add one: a first line '# What the folder is for', then what it may import, a line each. See CONTRIBUTING.md`,
  ];
}

/** The entry of a DEPS file that allows the import. */
function allows(components: readonly Component[], entry: string, { to, isPackage }: Import): boolean {
  return entry === to || (!isPackage && entry === componentOf(components, to)?.folder);
}

interface Forbidden extends Import {
  readonly mine: Component;
  /** Undefined for a package, and for files outside the product. */
  readonly theirs: Component | undefined;
}

/** The import, unless an entry of its component's DEPS file allows it. */
function forbidden(components: readonly Component[], found: Import): Forbidden[] {
  const { from, to, isPackage } = found;
  if (isPackage ? to.startsWith('node:') && to !== ownedBuiltIn : testPattern.test(to)) return [];
  const mine = componentOf(components, from);
  const theirs = isPackage ? undefined : componentOf(components, to);
  if (mine === undefined || mine === theirs) return [];
  return mine.allowed.some((entry) => allows(components, entry, found)) ? [] : [{ ...found, mine, theirs }];
}

/** One complaint for each pair of components. */
function complaints(wrong: readonly Forbidden[]): string[] {
  const pairs = Map.groupBy(
    wrong,
    ({ mine, theirs, to }) => `${mine.folder} may not import ${theirs?.folder ?? to}`,
  );
  return [...pairs].map(([title, group]) => complaint(title, group, group[0] as Forbidden));
}

function complaint(title: string, group: readonly Forbidden[], { mine, theirs, to }: Forbidden): string {
  const orAll = theirs === undefined ? '' : ` (or '${theirs.folder}' for all of it)`;
  return [
    `${title}:`,
    ...group.map((found) => `  ${found.from}:${found.line} imports ${found.to}`),
    `  ${mine.folder} is: ${mine.purpose}`,
    ...(theirs === undefined ? [] : [`  ${theirs.folder} is: ${theirs.purpose}`]),
    `  ${mine.folder} may import: ${mine.allowed.join(', ') || 'nothing'}`,
    '  Move the code to where it may be imported, or let the caller pass it in.',
    `  If the dependency is right, add '${to}'${orAll} to ${mine.folder}DEPS`,
  ].join('\n');
}

function ofTests({ from, line, to, isPackage }: Import): string[] {
  if (isPackage || !testPattern.test(to)) return [];
  return [`${from}:${line} imports ${to}: only tests may import what is made for tests`];
}

function unused(components: readonly Component[], mine: Component, imports: readonly Import[]): string[] {
  const own = imports.filter(({ from }) => componentOf(components, from) === mine);
  return mine.allowed
    .filter((entry) => !own.some((found) => allows(components, entry, found)))
    .map((entry) => `${mine.folder}DEPS: no file of ${mine.folder} imports '${entry}': remove the line`);
}

/** The first circle that whole components allow each other. Single files do not count: circles of files are refused elsewhere. */
function circle(components: readonly Component[]): string[] {
  const folders = new Set(components.map(({ folder }) => folder));
  const arrows = components.flatMap(({ folder, allowed }) =>
    allowed.filter((entry) => folders.has(entry)).map((to) => ({ from: folder, to })),
  );
  const found = findCircle(arrows);
  if (found === undefined) return [];
  return [
    [
      `The DEPS files allow a circle: ${showCircle(found)}`,
      '  Remove one of these lines, and the imports behind it:',
      ...found.map(({ from, to }) => `  ${from}DEPS: ${to}`),
    ].join('\n'),
  ];
}
