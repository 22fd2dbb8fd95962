import { resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { check, fields, type Of, orNull } from '../../../common/schema.ts';
import { allCapabilities, type Capability, defaultHost, type Host, type TlsSettings } from './host.ts';

// The form of containerd's hosts.toml: https://github.com/containerd/containerd/blob/main/docs/hosts.md

const oneOrMore = <Item extends v.GenericSchema>(item: Item) => v.union([item, v.array(item)]);

const settings = {
  capabilities: orNull(v.array(v.picklist([...allCapabilities]))),
  ca: orNull(oneOrMore(v.string())),
  /** A file with both, files with both, or pairs of a certificate and its key. */
  client: orNull(oneOrMore(v.union([v.string(), v.array(v.string())]))),
  skip_verify: orNull(v.boolean()),
  override_path: v.optional(v.boolean(), false),
  header: v.optional(v.record(v.string(), oneOrMore(v.string())), {}),
};

const hostSchema = fields(settings);
const fileSchema = fields({
  ...settings,
  server: orNull(v.string()),
  host: v.optional(v.record(v.string(), hostSchema), {}),
});

type Settings = Of<typeof hostSchema>;

export interface HostsFile {
  readonly text: string;
  /** Names in it are relative to this folder. */
  readonly folder: string;
  readonly readFile: (path: string) => Promise<string>;
}

/**
 * The hosts of a registry: those that the file names in their order, then its server. One with the name of the registry or its server is no
 * mirror. Throws an Error that says what is wrong.
 */
export async function parseHostsFile(
  { text, folder, readFile }: HostsFile,
  registry: string,
  insecure: boolean,
): Promise<readonly Host[]> {
  const file = check(fileSchema, parseToml(text), '');
  const tlsOf = async (given: Settings, verify: boolean): Promise<TlsSettings> => ({
    ca: await Promise.all(listOf(given.ca).map((path) => readFile(resolve(folder, path)))),
    clients: await Promise.all(
      clientsOf(given.client).map(async ([cert, key]) => ({
        cert: await readFile(resolve(folder, cert)),
        key: await readFile(resolve(folder, key)),
      })),
    ),
    verify,
  });
  const usual = defaultHost(registry, insecure);
  const isExplicit = (given: Settings): boolean => (given.ca ?? given.client ?? given.skip_verify) !== null;
  const serverBase = file.server === null ? usual.base : baseOf(file.server, file.override_path);
  const named = Object.entries(file.host).map(([url, given]) => ({
    given,
    base: baseOf(url, given.override_path),
  }));
  // Files often name the registry as a host, too, and say there how it is reached.
  const itself = named.find(({ base }) => base === serverBase);
  const ofServer = itself === undefined || isExplicit(file) ? file : itself.given;
  // What the file says of its TLS is meant: a server on this machine then needs a certificate.
  const lenient = insecure || (usual.mayBePlain && file.server === null && !isExplicit(ofServer));
  const server: Host = {
    base: serverBase,
    capabilities: capabilitiesOf(file),
    headers: { ...itself?.given.header, ...file.header },
    tls: await tlsOf(ofServer, ofServer.skip_verify !== true && !lenient),
    mayBePlain: lenient,
    isOwn: true,
  };
  const authorities = new Set([usual.base, serverBase].map((base) => new URL(base).host));
  const hosts = named.map(async ({ given, base }): Promise<Host> => {
    const capabilities = capabilitiesOf(given);
    if (base === serverBase) return { ...server, capabilities };
    const isOwn = authorities.has(new URL(base).host);
    const tls = await tlsOf(given, given.skip_verify !== true && !(isOwn && insecure));
    return { base, capabilities, headers: given.header, tls, mayBePlain: false, isOwn };
  });
  // It is not asked twice for the same.
  const asked = itself === undefined ? [] : capabilitiesOf(itself.given);
  const capabilities = new Set(server.capabilities).difference(new Set(asked));
  const all = await Promise.all(hosts);
  return capabilities.size === 0 ? all : [...all, { ...server, capabilities }];
}

function parseToml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Below its first line, the message has a picture of the place.
    const [why = ''] = error.message.split('\n');
    throw new Error(`line ${error.line}: ${why}`, { cause: error });
  }
}

function capabilitiesOf({ capabilities }: Settings): ReadonlySet<Capability> {
  return capabilities === null || capabilities.length === 0 ? allCapabilities : new Set(capabilities);
}

/** Adds /v2 as containerd does, unless the path ends with it or is to stay as it is. */
function baseOf(text: string, overridePath: boolean): string {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`);
  if (url === null) throw new Error(`'${text}' is not the address of a server`);
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new Error(`the address '${text}' has more than a host and a path`);
  }
  const path = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${overridePath || path.endsWith('/v2') ? path : `${path}/v2`}`;
}

function listOf(value: string | readonly string[] | null): readonly string[] {
  if (value === null) return [];
  return typeof value === 'string' ? [value] : value;
}

function clientsOf(value: Settings['client']): readonly (readonly [cert: string, key: string])[] {
  if (value === null) return [];
  const items = typeof value === 'string' ? [value] : value;
  return items.map((item) => {
    const [cert = '', key = cert, more] = typeof item === 'string' ? [item] : item;
    if (cert === '' || more !== undefined) throw new Error('client: give a certificate and its key');
    return [cert, key] as const;
  });
}
