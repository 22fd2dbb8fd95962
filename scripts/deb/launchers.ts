/** Where the package has its programs. */
export const libraryFolder = '/usr/lib/liker';

/** A launcher of a checkout finds its own folder and a Node.js below it. */
const search = /^self=\$0\n(?:\[.*\n)?top=.*\n\. "\$top\/scripts\/launch"\n/m;
const found = `top=${libraryFolder}
node=$top/bin/node
unset NODE_EXTRA_CA_CERTS NODE_OPTIONS
`;

/** A launcher of bin/ or scripts/ for a package, where all places are fixed and programs are bundled. */
export function packagedLauncher(source: string): string {
  if (!search.test(source)) throw new Error('This launcher has another beginning than the rest');
  return source
    .replace(search, found)
    .replaceAll('/main.ts', '/main.mjs')
    .replaceAll('/ensure-daemon.ts', '/ensure-daemon.mjs');
}
