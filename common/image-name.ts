import { digestProblem } from './digest.ts';
import { badArgument } from './errors.ts';

// Names of images, by the rules of Docker (github.com/distribution/reference).

/** A parsed name. `debian` is {host: 'docker.io', path: 'library/debian', tag: null, digest: null}. */
export interface ImageName {
  /** Host of the registry, with its port if it has one. */
  readonly host: string;
  readonly path: string;
  readonly tag: string | null;
  /** Such as sha256:HEX. With a digest, the tag says nothing about which image it is. */
  readonly digest: string | null;
}

const dockerHub = 'docker.io';
const official = 'library/';
const longestPath = 255;

const hostPattern =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[a-f0-9:]+\])(?::[0-9]+)?$/i;
const partPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const idPattern = /^[0-9a-f]{64}$/;
const tagPattern = /^\w[\w.-]{0,127}$/;

/** Parses a name with or without host, tag and digest. Throws BAD_ARGUMENT on `field`. */
export function parseImageName(text: string, field: string): ImageName {
  const refuse = (why: string): Error => badArgument(field, `Invalid image name '${text}': ${why}`);
  if (text === '') throw refuse('it is empty');
  if (idPattern.test(text)) throw refuse('this is the id of an image, which names no repository');
  const { host, rest } = splitHost(text);
  const at = rest.indexOf('@');
  const digest = at === -1 ? null : rest.slice(at + 1);
  const tagged = at === -1 ? rest : rest.slice(0, at);
  const colon = tagged.indexOf(':');
  const tag = colon === -1 ? null : tagged.slice(colon + 1);
  const given = colon === -1 ? tagged : tagged.slice(0, colon);
  const problem = hostProblem(host) ?? pathProblem(given) ?? tagProblem(tag);
  if (problem !== null) throw refuse(problem);
  const path = host === dockerHub && !given.includes('/') ? official + given : given;
  if (path.length > longestPath) throw refuse(`the repository has more than ${longestPath} characters`);
  const wrong = digest === null ? null : digestProblem(digest);
  if (wrong !== null) throw refuse(`'${digest}' is not a digest: ${wrong}`);
  return { host, path, tag, digest };
}

/** The first part is a host if it looks like one: a dot, a port, upper-case letters or localhost. Others are Docker Hub's. */
function splitHost(text: string): { readonly host: string; readonly rest: string } {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(slash, 0));
  const isHost = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  if (!isHost) return { host: dockerHub, rest: text };
  return { host: first === 'index.docker.io' ? dockerHub : first, rest: text.slice(slash + 1) };
}

/** True for a name that leaves out its registry. The text is a name. */
export function isShortName(text: string): boolean {
  return splitHost(text).rest === text;
}

/** Throws BAD_ARGUMENT on `field` for what is no host of a registry. */
export function checkRegistryHost(host: string, field: string): string {
  const problem = hostProblem(host);
  if (problem !== null) throw badArgument(field, `Invalid registry '${host}': ${problem}`);
  return host;
}

function hostProblem(host: string): string | null {
  // A port beyond 65535, or an address that is none, makes no URL.
  if (hostPattern.test(host) && URL.canParse(`https://${host}`)) return null;
  if (/^https?:$/.test(host)) return 'leave out the scheme, and begin with the host';
  return `'${host}' is not a host; write NAME, NAME:PORT or [IPV6]:PORT`;
}

function pathProblem(path: string): string | null {
  if (path === '') return 'the repository is missing';
  if (path !== path.toLowerCase()) return `'${path}' has upper-case letters; write '${path.toLowerCase()}'`;
  const wrong = path.split('/').find((part) => !partPattern.test(part));
  if (wrong === undefined) return null;
  if (wrong === '') return 'a part between slashes is empty';
  return `'${wrong}' has to be letters a to z and digits, with single '.' or '_', '__' or '-' between them`;
}

function tagProblem(tag: string | null): string | null {
  if (tag === null || tagPattern.test(tag)) return null;
  if (tag === '') return 'the tag is missing after the colon';
  return `'${tag}' is not a tag: write at most 128 letters, digits, '_', '.' or '-', and neither '.' nor '-' first`;
}

/** The same name with the tag latest, if it has neither tag nor digest. */
export function withDefaultTag(name: ImageName): ImageName {
  return name.tag === null && name.digest === null ? { ...name, tag: 'latest' } : name;
}

/** Host and path: docker.io/library/debian. */
export function repositoryOf({ host, path }: ImageName): string {
  return `${host}/${path}`;
}

/** The whole name, as it is stored: docker.io/library/debian:latest. */
export function canonicalName(name: ImageName): string {
  return repositoryOf(name) + suffixOf(name);
}

/** The name as people write it: debian:latest. */
export function familiarName(name: ImageName): string {
  return familiarRepository(name) + suffixOf(name);
}

/** As `familiarName`, of a canonical name. */
export function familiar(canonical: string): string {
  return familiarName(parseImageName(canonical, 'name'));
}

/** The repository as people write it: debian. */
export function familiarRepository(name: ImageName): string {
  if (name.host !== dockerHub) return repositoryOf(name);
  const short = name.path.slice(official.length);
  const path = name.path.startsWith(official) && !short.includes('/') ? short : name.path;
  // Where the short form would be read as another host's, or as an id.
  const isOther = splitHost(path).rest !== path || idPattern.test(path);
  return isOther ? repositoryOf(name) : path;
}

function suffixOf({ tag, digest }: ImageName): string {
  return (tag === null ? '' : `:${tag}`) + (digest === null ? '' : `@${digest}`);
}
