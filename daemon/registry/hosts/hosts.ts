import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asError, LikerError } from '../../../common/errors.ts';
import { defaultHost, type Host, plainTls } from './host.ts';
import { parseHostsFile } from './hosts-file.ts';

/**
 * The hosts of a registry in the order in which they are asked, by the folder for it in `folder`. `insecure` concerns the registry itself,
 * not its mirrors. Throws REGISTRY_MISCONFIGURED for a file that cannot be read.
 */
export async function hostsOf(folder: string, registry: string, insecure: boolean): Promise<readonly Host[]> {
  for (const name of folderNames(registry)) {
    const path = join(folder, name);
    const files = await filesIn(path);
    if (files === null) continue;
    if (!files.includes('hosts.toml')) return [await fromCertificates(path, files, registry, insecure)];
    const file = join(path, 'hosts.toml');
    try {
      const text = await readFile(file, 'utf8');
      return await parseHostsFile({ text, folder: path, readFile: readText }, registry, insecure);
    } catch (error) {
      throw misconfigured(file, error);
    }
  }
  return [defaultHost(registry, insecure)];
}

/** As containerd looks for it: a port after a colon, or between underscores where a colon cannot be written. */
function folderNames(registry: string): readonly string[] {
  const port = /:\d+$/.exec(registry)?.[0];
  const other = port === undefined ? [] : [`${registry.slice(0, -port.length)}_${port.slice(1)}_`];
  return [registry, ...other, '_default'];
}

async function filesIn(path: string): Promise<readonly string[] | null> {
  try {
    return await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw misconfigured(path, error);
  }
}

/** Docker's form: every *.crt is an authority, every *.cert with a *.key beside it a certificate of this client. */
async function fromCertificates(
  path: string,
  files: readonly string[],
  registry: string,
  insecure: boolean,
): Promise<Host> {
  const usual = defaultHost(registry, insecure);
  const authorities = files.filter((file) => file.endsWith('.crt'));
  const certificates = files.filter((file) => file.endsWith('.cert'));
  if (authorities.length === 0 && certificates.length === 0) return usual;
  const read = (file: string): Promise<string> =>
    readText(join(path, file)).catch((error: unknown) =>
      Promise.reject(misconfigured(join(path, file), error)),
    );
  const tls = {
    ...plainTls,
    ca: await Promise.all(authorities.map(read)),
    clients: await Promise.all(
      certificates.map(async (file) => ({
        cert: await read(file),
        key: await read(file.replace(/cert$/, 'key')),
      })),
    ),
    verify: !insecure,
  };
  return { ...usual, tls, mayBePlain: insecure };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`cannot read '${path}': ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}

function misconfigured(path: string, error: unknown): LikerError {
  const why = asError(error).message.replace(/^\./, '');
  return new LikerError('REGISTRY_MISCONFIGURED', `Cannot use '${path}': ${why}`, {
    cause: error,
    metadata: { path },
  });
}
