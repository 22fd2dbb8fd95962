import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What an ordinary user's likerd finds on a machine where networks are at hand: a tunnel device that anybody may open. */
export class TunnelForAll implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'lkn-'));

  /** `resolvConf`: of the machine. */
  constructor(resolvConf: string) {
    chmodSync(this.#folder, 0o755);
    writeFileSync(join(this.#folder, 'resolv.conf'), resolvConf);
  }

  /** A command of root that executes what follows it, in a mount namespace of its own, after a script. */
  within(script = ''): string[] {
    const folder = this.#folder;
    const mounts = [
      `[ -c ${folder}/tun ] || mknod -m 666 ${folder}/tun c 10 200`,
      `mount --bind ${folder}/tun /dev/net/tun`,
      `mount --bind ${folder}/resolv.conf /etc/resolv.conf`,
      script,
      'exec "$@"',
    ];
    return ['unshare', '-m', '--propagation', 'private', 'sh', '-c', mounts.join('\n'), 'sh'];
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
