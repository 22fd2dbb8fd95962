import { HttpError } from './errors.ts';

/** The newest version of the API, and the oldest that is accepted: the minor numbers after 1. */
export const newest = 52;
export const oldest = 24;

/** `path` without a version. {name} stands for a part without slashes, {name*} for one with them. */
export type Route<Handler> = readonly [method: string, path: string, handle: Handler];

export interface Match<Handler> {
  readonly handle: Handler;
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled<Handler> {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handle: Handler;
}

/** Finds the handler of a request: the first route that fits. */
export class Router<Handler> {
  readonly #routes: readonly Compiled<Handler>[];

  constructor(routes: readonly Route<Handler>[]) {
    this.#routes = routes.map(([method, path, handle]) => ({ method, handle, pattern: patternOf(path) }));
  }

  find(method: string, path: string): Match<Handler> | null {
    for (const route of this.#routes) {
      if (route.method !== method && route.method !== '*') continue;
      const found = route.pattern.exec(path);
      if (found) return { handle: route.handle, params: decoded(found.groups ?? {}) };
    }
    return null;
  }
}

function patternOf(path: string): RegExp {
  const pattern = path.replaceAll(
    /\{(\w+)(\*?)\}/g,
    (_, name, star) => `(?<${name}>${star ? '.+' : '[^/]+'})`,
  );
  return new RegExp(`^${pattern}$`);
}

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decode(value)]));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export interface Target {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly version: number;
}

/** The parts of a URL. Throws HttpError for a version that is not served. */
export function parseUrl(url: string): Target {
  const { path, search } = splitUrl(url);
  const [, prefix = '', minor] = /^(\/v1\.(\d{1,4}))\//.exec(path) ?? [];
  const version = minor === undefined ? newest : Number(minor);
  if (version > newest)
    throw new HttpError(
      400,
      `client version 1.${version} is too new. Maximum supported API version is 1.${newest}`,
    );
  if (version < oldest)
    throw new HttpError(
      400,
      `client version 1.${version} is too old. Minimum supported API version is 1.${oldest}, please upgrade your client to a newer version`,
    );
  return { path: path.slice(prefix.length), query: new URLSearchParams(search), version };
}

/** The path without its version. */
export function pathOf(url: string): string {
  return splitUrl(url).path.replace(/^\/v1\.\d+(?=\/)/, '');
}

function splitUrl(url: string): { readonly path: string; readonly search: string } {
  // A proxy, and some clients, send the whole URL.
  const [path = '', search = ''] = url.replace(/^http:\/\/[^/]*/, '').split(/\?(.*)/s);
  return { path, search };
}
