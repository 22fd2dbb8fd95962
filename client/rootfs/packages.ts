import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An installed package (deb-control(5)). */
interface Package {
  readonly name: string;
  /** The name of its list of files, in dpkg's folder. */
  readonly list: string;
  readonly depends: readonly Alternatives[];
  readonly recommends: readonly Alternatives[];
}

/** Packages of which one is enough. */
type Alternatives = readonly string[];

/** Packages that only installation scripts need. */
const forInstallation = new Set([
  'adduser',
  'debconf',
  'debconf-2.0',
  'dpkg',
  'init-system-helpers',
  'install-info',
  'sensible-utils',
  'ucf',
]);

/** Packages with data that programs open at run time, which are therefore taken wherever they are recommended. */
const data = new Set(['ca-certificates', 'media-types', 'netbase', 'publicsuffix', 'tzdata']);

/** Libraries that open the data of a package that they do not recommend. */
const companions: readonly (readonly [RegExp, string])[] = [
  [/^libssl\d/, 'ca-certificates'],
  [/^libgnutls\d/, 'ca-certificates'],
];

/** Files that installation scripts make and no list names. */
const madeAtInstallation: ReadonlyMap<string, readonly string[]> = new Map([
  ['ca-certificates', ['/etc/ssl/certs']],
  ['ca-certificates-java', ['/etc/ssl/certs/java']],
  ['locales', ['/usr/lib/locale/locale-archive']],
]);

/** What packages need at run time. */
export interface Closure {
  readonly packages: readonly string[];
  /** Files, links and folders on this machine. */
  readonly paths: readonly string[];
  /** Recommended packages that are not installed. */
  readonly lacking: readonly string[];
}

/** Debian's records of installed packages, their files and dependencies. */
export class Packages {
  readonly #folder: string;
  /** By name, and by the names that they provide. */
  readonly #installed = new Map<string, Package>();

  /** Empty without records, as on other distributions. */
  constructor(folder = '/var/lib/dpkg') {
    this.#folder = folder;
    for (const fields of paragraphs(readText(join(folder, 'status')))) this.#add(fields);
  }

  get isEmpty(): boolean {
    return this.#installed.size === 0;
  }

  /** The packages that contain one of the files. */
  ownersOf(paths: readonly string[]): string[] {
    const wanted = paths.flatMap(spellingsOf).map((path) => `\n${path}\n`);
    const all = [...new Set(this.#installed.values())];
    return all
      .filter(({ list }) => {
        const text = `\n${readText(this.#list(list))}`;
        return wanted.some((path) => text.includes(path));
      })
      .map(({ name }) => name);
  }

  /**
   * The packages with their dependencies, their own recommendations, and the data that their dependencies recommend. `program` names
   * a package that may declare further needs of the program, as python3 does for python3-minimal.
   */
  closureOf(owners: readonly string[], program: string): Closure {
    const found = new Map<string, Package>();
    const lacking = new Set<string>();
    const visit = (alternatives: Alternatives, isRecommended = false): void => {
      if (alternatives.some((name) => forInstallation.has(name))) return;
      const installed = alternatives.map((name) => this.#installed.get(name)).find((one) => one);
      if (installed === undefined) {
        if (isRecommended) lacking.add(alternatives[0] ?? '');
        return;
      }
      if (found.has(installed.name)) return;
      found.set(installed.name, installed);
      for (const needed of installed.depends) visit(needed);
      for (const wanted of installed.recommends)
        if (wanted.some((name) => data.has(name))) visit(wanted, true);
      for (const [pattern, companion] of companions)
        if (pattern.test(installed.name)) visit([companion], true);
    };
    for (const name of owners) {
      visit([name]);
      for (const wanted of this.#installed.get(name)?.recommends ?? []) visit(wanted, true);
    }
    if (this.#dependsOn(program, owners)) visit([program]);
    const packages = [...found.values()];
    return {
      packages: [...found.keys()],
      paths: packages.flatMap((one) => this.#files(one)),
      lacking: [...lacking],
    };
  }

  #add(fields: ReadonlyMap<string, string>): void {
    if (!/ installed$/.test(fields.get('Status') ?? '')) return;
    const name = fields.get('Package') ?? '';
    const isSame = fields.get('Multi-Arch') === 'same';
    const found: Package = {
      name,
      list: isSame ? `${name}:${fields.get('Architecture')}` : name,
      depends: [...relations(fields.get('Pre-Depends')), ...relations(fields.get('Depends'))],
      recommends: relations(fields.get('Recommends')),
    };
    // The first architecture of a package counts. A package precedes those that only provide its name.
    if (this.#installed.get(name)?.name !== name) this.#installed.set(name, found);
    for (const provided of relations(fields.get('Provides')).flat())
      if (!this.#installed.has(provided)) this.#installed.set(provided, found);
  }

  #dependsOn(name: string, owners: readonly string[]): boolean {
    const found = this.#installed.get(name);
    return found?.name === name && found.depends.some((needed) => needed.some((one) => owners.includes(one)));
  }

  #files({ name, list }: Package): string[] {
    const listed = readText(this.#list(list))
      .split('\n')
      .filter((path) => path !== '' && path !== '/.');
    return [...listed, ...(madeAtInstallation.get(name) ?? [])];
  }

  #list(name: string): string {
    return join(this.#folder, 'info', `${name}.list`);
  }
}

/** True for a path that an installation script makes; such a folder is copied whole. */
export function isMadeAtInstallation(path: string): boolean {
  return [...madeAtInstallation.values()].flat().includes(path);
}

/** Packages list their files by their paths before or after the merge of /usr. */
function spellingsOf(path: string): string[] {
  return [
    path,
    path.replace(/^\/usr(?=\/(bin|sbin|lib|lib64)\/)/, ''),
    path.replace(/^(?=\/(bin|sbin|lib|lib64)\/)/, '/usr'),
  ];
}

function* paragraphs(text: string): Generator<ReadonlyMap<string, string>> {
  for (const paragraph of text.split(/\n\n+/)) {
    // A line that begins with a blank continues the field above, which does not occur in the fields read here.
    const lines = paragraph.split('\n').map((line) => /^([A-Za-z-]+): (.*)$/.exec(line));
    yield new Map(lines.flatMap((match) => (match === null ? [] : [[match[1] ?? '', match[2] ?? '']])));
  }
}

/** Parses `a (>= 1), b:any | c` into [[a], [b, c]]. */
function relations(text = ''): Alternatives[] {
  const names = (alternatives: string): string[] =>
    alternatives.split('|').map((relation) => /^[^\s:(]+/.exec(relation.trim())?.[0] ?? '');
  return text
    .split(',')
    .map(names)
    .filter(([first]) => first !== '');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
