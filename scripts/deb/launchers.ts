/** Where the package has its programs. */
export const libraryFolder = '/usr/lib/liker';

/** Where V8's code cache of the daemon goes, which a run makes for the next. */
const cacheFolder = '/var/cache/liker';

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
    .replaceAll('$top/dist/compile-cache', cacheFolder)
    .replaceAll('/ensure-daemon.ts', '/ensure-daemon.mjs');
}
