import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Debian provides the text itself. */
const apacheLicense =
  /^ *Apache License\n *Version 2\.0, January 2004\n[\s\S]*?END OF TERMS AND CONDITIONS$/gm;
const apacheReference =
  'Apache License, Version 2.0: on Debian systems its text is in /usr/share/common-licenses/Apache-2.0.';

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly version?: string; readonly license?: string }>
  >;
}

/** Only types, and the compiler, which valibot names as an optional peer. */
const compileTime = /node_modules\/(@types\/|@typescript\/|typescript$)/;

/** The npm packages in the product, as folders from the repository's top. */
function productionPackages(top: string): [folder: string, version: string, license: string][] {
  const { packages } = JSON.parse(readFileSync(join(top, 'package-lock.json'), 'utf8')) as LockFile;
  return Object.entries(packages)
    .filter(
      ([folder, { dev }]) =>
        folder !== '' && dev !== true && !compileTime.test(folder) && existsSync(join(top, folder)),
    )
    .map(([folder, { version = '', license = '' }]) => [folder, version, license]);
}

/** Parts that are not npm packages. */
const linked = `GNU C Library, linked into liker-shim (LGPL-2.1-or-later)

Copyright (C) 1991-2022 Free Software Foundation, Inc.
On Debian systems the text of this licence is in /usr/share/common-licenses/LGPL-2.1.

${'-'.repeat(80)}
JavaScriptCore, in Bun, with which likerctl is compiled (LGPL-2.0-or-later)

https://bun.com/docs/project/license has the licences of all parts of Bun, and says how to link it with another JavaScriptCore.
On Debian systems the text of this licence is in /usr/share/common-licenses/LGPL-2.`;

/** Text of /usr/share/doc/liker/copyright: Liker's licence and those of the included packages, each text once. */
export function copyright(top: string): string {
  const byText = new Map<string, string[]>();
  for (const [folder, version, license] of productionPackages(top)) {
    const name = `${folder.replace(/^.*node_modules\//, '')} ${version} (${license})`;
    const text = licenseText(join(top, folder));
    const names = byText.get(text) ?? [];
    if (!names.includes(name)) byText.set(text, [...names, name]);
  }
  const parts = [...byText].map(
    ([text, names]) => `${names.join('\n')}\n\n${text || 'No licence text comes with these.'}`,
  );
  return `${[`Liker\n\n${licenseText(top)}`, linked, ...parts].join(`\n\n${'-'.repeat(80)}\n`)}\n`;
}

function licenseText(folder: string): string {
  const files = readdirSync(folder).filter((name) => /^licen[sc]e([.-]|$)/i.test(name));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return texts.join('\n\n').replaceAll('\r\n', '\n').replaceAll(apacheLicense, apacheReference);
}
