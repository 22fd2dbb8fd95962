/** The package's folder of programs. */
export const libraryFolder = '/usr/lib/liker';

/** The daemon's V8 code cache, which each run writes for the next. */
const cacheFolder = '/var/cache/liker';

/** The lines with which a checkout's launcher finds its own folder, and Node.js below it. */
const search = /^self=\$0\n(?:\[.*\n)?top=.*\n\. "\$top\/scripts\/launch"\n/m;
const found = `top=${libraryFolder}
node=$top/bin/node
unset NODE_EXTRA_CA_CERTS NODE_OPTIONS
`;

/** Adapts a launcher of bin/ or scripts/ to the package, where all paths are fixed and programs are bundled. */
export function packagedLauncher(source: string): string {
  if (!search.test(source)) throw new Error('This launcher has another beginning than the rest');
  return source
    .replace(search, found)
    .replaceAll('$top/dist/compile-cache', cacheFolder)
    .replaceAll('/ensure-daemon.ts', '/ensure-daemon.mjs');
}
