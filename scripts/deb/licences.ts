import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly version?: string; readonly license?: string }>
  >;
}

/** The npm packages that run at a user's, each as its folder from the repository's top. */
function productionPackages(top: string): [folder: string, version: string, license: string][] {
  const { packages } = JSON.parse(readFileSync(join(top, 'package-lock.json'), 'utf8')) as LockFile;
  return Object.entries(packages)
    .filter(
      ([folder, { dev }]) =>
        folder !== '' && dev !== true && !folder.includes('@types/') && existsSync(join(top, folder)),
    )
    .map(([folder, { version = '', license = '' }]) => [folder, version, license]);
}

/** Text of /usr/share/doc/liker/copyright: Liker's licence and those of what is bundled with it, each text once. */
export function copyright(top: string, ownLicense: string): string {
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
  return [`Liker is under the ${ownLicense} licence. It has with it:`, ...parts].join(
    `\n\n${'-'.repeat(80)}\n`,
  );
}

function licenseText(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[sc]e(\.|$)/i.test(name));
  return file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
}
