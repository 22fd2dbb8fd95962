import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import * as v from 'valibot';
import { asError, LikerError } from '../../../common/errors.ts';
import { own } from '../../../common/own.ts';
import { check, fields, type Of } from '../../../common/schema.ts';

/** The configuration of one plugin, as its author wrote it. Fields that likerd does not know are the plugin's. */
const plugin = fields({
  type: v.pipe(v.string(), v.regex(/^[^/\0]+$/)),
  capabilities: v.optional(v.record(v.string(), v.boolean()), {}),
});
export interface PluginConfig extends Of<typeof plugin> {
  readonly [field: string]: unknown;
}

const truth = v.optional(
  v.union([
    v.boolean(),
    v.pipe(
      v.picklist(['true', 'false']),
      v.transform((word) => word === 'true'),
    ),
  ]),
  false,
);

/** A network: plugins that are called one after the other. */
export const cniNetworkSchema = fields({
  name: v.pipe(v.string(), v.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/)),
  /** Of the specification that the plugins are called by. */
  cniVersion: v.optional(v.string(), '0.1.0'),
  disableCheck: truth,
  disableGC: truth,
  plugins: v.pipe(v.array(plugin), v.minLength(1)),
});
export interface CniNetwork extends Omit<Of<typeof cniNetworkSchema>, 'plugins'> {
  readonly plugins: readonly PluginConfig[];
}

/** Whether a plugin of the network takes values for this capability. */
export function isAble({ plugins }: Pick<CniNetwork, 'plugins'>, capability: string): boolean {
  return plugins.some(({ capabilities }) => own(capabilities, capability) === true);
}

/** Of the specification, the oldest first. */
export const cniVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];

/** Whether a version is this one or newer. */
export function isSince(version: string, since: string): boolean {
  return cniVersions.indexOf(version) >= cniVersions.indexOf(since);
}

/** The networks of a folder, and its files that describe none, each with the reason. */
export interface CniNetworks {
  readonly networks: readonly CniNetwork[];
  readonly unreadable: readonly { readonly file: string; readonly why: string }[];
}

/** Reads the files of the folder in the order of their names; a missing folder has none. Of two networks of one name, the first counts. */
export function readCniNetworks(folder: string): CniNetworks {
  const networks = new Map<string, CniNetwork>();
  const unreadable: { readonly file: string; readonly why: string }[] = [];
  for (const file of filesIn(folder, ['.conf', '.conflist', '.json'])) {
    try {
      const network = parseNetwork(folder, file);
      if (!networks.has(network.name)) networks.set(network.name, network);
    } catch (error) {
      unreadable.push({ file, why: asError(error).message });
    }
  }
  return { networks: [...networks.values()], unreadable };
}

/** The network with this name. Throws NETWORK_NOT_FOUND. */
export function findCniNetwork(folder: string, name: string): CniNetwork {
  const { networks, unreadable } = readCniNetworks(folder);
  const found = networks.find((one) => one.name === name);
  if (found) return found;
  const names = networks.map((one) => one.name);
  const there = names.length === 0 ? 'it describes none' : `it describes ${names.join(', ')}`;
  const wrong = unreadable.map(({ file, why }) => `; ${join(folder, file)} cannot be used: ${why}`).join('');
  throw new LikerError(
    'NETWORK_NOT_FOUND',
    `No CNI network '${name}' in ${folder} (likerd --cni-config): ${there}${wrong}`,
    { metadata: { network: `cni:${name}`, folder } },
  );
}

function filesIn(folder: string, extensions: readonly string[]): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && extensions.includes(extname(entry.name)))
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/** A list of plugins, or the configuration of the only one, which has the network's name and version in it. */
function parseNetwork(folder: string, file: string): CniNetwork {
  const given = readJson(join(folder, file));
  const list = 'plugins' in given || !('type' in given) ? given : { ...given, plugins: [given] };
  const plugins = [list['plugins'] ?? [], ownPlugins(folder, list)].flat();
  const version = latest(list);
  const network = check(cniNetworkSchema, { ...list, plugins, ...version }, file);
  if (cniVersions.includes(network.cniVersion)) return network as CniNetwork;
  throw new Error(
    `it is of version ${network.cniVersion} of the specification; likerd knows ${cniVersions[0]} to ${cniVersions.at(-1)}`,
  );
}

/** Plugins in the files of a folder with the network's name, which come last. */
function ownPlugins(folder: string, { name, loadOnlyInlinedPlugins }: Json): Json[] {
  if (typeof name !== 'string' || name.includes('/') || String(loadOnlyInlinedPlugins) === 'true') return [];
  const own = join(folder, name);
  return filesIn(own, ['.conf']).map((file) => readJson(join(own, file)));
}

/** Of several versions, the latest that likerd knows. */
function latest({ cniVersion, cniVersions: others }: Json): { readonly cniVersion?: string } {
  if (!Array.isArray(others)) return {};
  const known = cniVersions.filter((version) => version === cniVersion || others.includes(version));
  return known.length > 0 ? { cniVersion: known.at(-1) ?? '' } : {};
}

type Json = Readonly<Record<string, unknown>>;

function readJson(path: string): Json {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new Error('it holds no object of JSON');
}
