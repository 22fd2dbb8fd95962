// Whether the host forwards packets, which it must while a network has a way out: set when the first one comes, and set back after the last.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';

const isOn = '1';
/** Router advertisements are heard even by a router: without this, the host would lose an IPv6 route that it has learned. */
const hearsAsRouter = '2';

/** Settings as they were, by file below /proc/sys/net, in the order in which they are set back. */
const schema = v.object({ boot: v.string(), before: v.array(v.tuple([v.string(), v.string()])) });
type Before = v.InferOutput<typeof schema>['before'];

export interface ForwardingPlace {
  /** /proc/sys/net. */
  readonly settings: string;
  /** Remembers how they were. Those of another boot are forgotten. */
  readonly file: string;
  readonly boot: string;
}

export class Forwarding {
  readonly #place: ForwardingPlace;

  constructor(place: ForwardingPlace) {
    this.#place = place;
  }

  /** Returns what was changed, in words for the log; empty: the host has forwarded already. Throws the system's error. */
  require({ v6 }: { readonly v6: boolean }): string {
    const before = this.#remembered();
    const has = (file: string): boolean => before.some(([other]) => other === file);
    const four = this.#read(ipv4) === isOn || has(ipv4) ? [] : this.#beforeIpv4();
    const six = !v6 || [isOn, null].includes(this.#read(ipv6)) || has(ipv6) ? [] : this.#beforeIpv6();
    const changed = [...four, ...six];
    if (changed.length > 0) {
      const kept = JSON.stringify({ boot: this.#place.boot, before: [...before, ...changed] });
      writeFileSync(this.#place.file, kept, { mode: 0o600 });
    }
    // Likerd may have died between remembering and setting.
    for (const file of this.#interfaces('ipv6', 'accept_ra'))
      if (six.some(([name]) => name === file)) this.#write(file, hearsAsRouter);
    const switched: string[] = [];
    for (const file of v6 ? [ipv4, ipv6] : [ipv4]) {
      if ([isOn, null].includes(this.#read(file))) continue;
      this.#write(file, isOn);
      switched.push(`net/${file}`);
    }
    return switched.join(' and ');
  }

  /** Sets back what `require` has changed, unless somebody has changed it since. Returns what was set back, in words for the log. */
  release(): string {
    const before = this.#remembered();
    const setBack: string[] = [];
    for (const [file, value] of before) {
      const ours = file.endsWith('accept_ra') ? hearsAsRouter : null;
      if (ours !== null && this.#read(file) !== ours) continue;
      if (!existsSync(this.#path(file))) continue;
      this.#write(file, value);
      if (file === ipv4 || file === ipv6) setBack.push(`net/${file}`);
    }
    rmSync(this.#place.file, { force: true });
    return setBack.join(' and ');
  }

  /** Whether there is anything to set back. */
  get isHeld(): boolean {
    return this.#remembered().length > 0;
  }

  /** The kernel sets other settings with it, and the same in all interfaces; what an administrator had set must come back. */
  #beforeIpv4(): Before {
    const redirects = 'ipv4/conf/all/accept_redirects';
    return this.#asTheyAre([ipv4, redirects, ...this.#thatForward('ipv4')]);
  }

  #beforeIpv6(): Before {
    const hearing = this.#interfaces('ipv6', 'accept_ra').filter((file) => this.#read(file) === isOn);
    return this.#asTheyAre([ipv6, ...hearing, ...this.#thatForward('ipv6')]);
  }

  #thatForward(family: string): string[] {
    return this.#interfaces(family, 'forwarding').filter((file) => this.#read(file) === isOn);
  }

  /** The defaults of interfaces to come are not among them: the bridge of a network must not hear what a container announces. */
  #interfaces(family: string, setting: string): string[] {
    try {
      return readdirSync(this.#path(`${family}/conf`))
        .filter((name) => name !== 'all' && name !== 'default')
        .map((name) => `${family}/conf/${name}/${setting}`);
    } catch {
      return [];
    }
  }

  #asTheyAre(files: readonly string[]): Before {
    return files.flatMap((file): Before => {
      const value = this.#read(file);
      return value === null ? [] : [[file, value]];
    });
  }

  #remembered(): Before {
    try {
      const { boot, before } = v.parse(schema, JSON.parse(readFileSync(this.#place.file, 'utf8')));
      return boot === this.#place.boot ? before : [];
    } catch {
      return [];
    }
  }

  #path(file: string): string {
    return join(this.#place.settings, file);
  }

  /** Null: this kernel, or this host, does not have it. */
  #read(file: string): string | null {
    try {
      return readFileSync(this.#path(file), 'latin1').trim();
    } catch {
      return null;
    }
  }

  #write(file: string, value: string): void {
    writeFileSync(this.#path(file), value);
  }
}

const ipv4 = 'ipv4/ip_forward';
const ipv6 = 'ipv6/conf/all/forwarding';
