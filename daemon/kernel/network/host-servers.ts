import { type FSWatcher, readFileSync, realpathSync, watch } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { basename, dirname } from 'node:path';

/** The name servers of resolv.conf(5). */
export function serversIn(text: string, scopeOf: (name: string) => number = interfaceNumber): string[] {
  return text.split('\n').flatMap((line) => {
    const [word, given = ''] = line.trim().split(/\s+/);
    if (word !== 'nameserver') return [];
    const [address = '', scope] = given.split('%');
    if (isIP(address) === 0) return [];
    return scope === undefined ? [address] : [`${address}%${Number(scope) || scopeOf(scope)}`];
  });
}

function interfaceNumber(name: string): number {
  const addresses = networkInterfaces()[name] ?? [];
  return (
    addresses.map((found) => ('scopeid' in found ? (found.scopeid ?? 0) : 0)).find((scope) => scope > 0) ?? 0
  );
}

/** The host's name servers, as long as this is open. */
export class HostServers implements Disposable {
  readonly #path: string;
  readonly #onChange: (servers: readonly string[]) => void;
  #watchers: FSWatcher[] = [];
  #servers: readonly string[] = [];

  /** `onChange` is called when the file has other ones. */
  constructor(path: string, onChange: (servers: readonly string[]) => void) {
    this.#path = path;
    this.#onChange = onChange;
    this.#read();
    this.#watch();
  }

  get servers(): readonly string[] {
    return this.#servers;
  }

  /** The folders, since the file is usually replaced, and may be a link to one elsewhere. */
  #watch(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [...new Set([this.#path, realPath(this.#path)])].flatMap((file) => {
      try {
        const watcher = watch(dirname(file), { persistent: false }, (_, changed) => {
          if (changed === null || changed === basename(file)) this.#changed();
        });
        watcher.on('error', () => watcher.close());
        return [watcher];
      } catch {
        return [];
      }
    });
  }

  #changed(): void {
    const before = this.#servers.join();
    this.#watch();
    this.#read();
    if (this.#servers.join() !== before) this.#onChange(this.#servers);
  }

  #read(): void {
    try {
      this.#servers = serversIn(readFileSync(this.#path, 'utf8'));
    } catch {
      // It is being replaced, which is another change: the servers stay until then.
    }
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
