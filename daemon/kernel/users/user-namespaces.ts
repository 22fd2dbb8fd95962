import { readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { deviceNumbers } from '../../../common/device-numbers.ts';
import { isAtLeast, kernelVersion } from '../../../common/kernel-version.ts';
import { type FailedCall, probeIdmap } from '../../native/libliker.ts';
import type { IdPool } from './id-pool.ts';

const limitFile = '/proc/sys/user/max_user_namespaces';

/** Linux that mounts an overlay of idmapped layers. */
const overlaySince = [5, 19] as const;

/** What the kernel lets likerd do with user namespaces, and the ids for them. */
export class UserNamespaces {
  readonly pool: IdPool;
  readonly #probe: (path: string) => FailedCall | null;
  /** Devices of file systems, as in mountinfo, that were tried: whether they can be idmapped. */
  readonly #known = new Map<string, boolean>();

  constructor(pool: IdPool, probe = probeIdmap) {
    this.pool = pool;
    this.#probe = probe;
  }

  /** Why containers can have no user namespace on this machine; empty: they can. */
  problem(): string {
    let limit: string;
    try {
      limit = readFileSync(limitFile, 'utf8').trim();
    } catch {
      return 'the kernel has no user namespaces (CONFIG_USER_NS)';
    }
    return limit === '0' ? `the machine allows no user namespaces (user.max_user_namespaces is 0)` : '';
  }

  /** Why layers of an overlay cannot be idmapped; empty: they can. */
  overlayProblem(kernel = release()): string {
    return isAtLeast(kernelVersion(kernel), overlaySince)
      ? ''
      : `layers of an overlay can be idmapped since Linux ${overlaySince.join('.')}, and this is ${kernel}`;
  }

  /**
   * Why the mount at `path` cannot be idmapped; empty: it can. Asks the kernel once for each file system, by its device where
   * that is known. Throws a LikerError where it cannot tell.
   */
  idmapProblem(path: string, { device = deviceOf(path), type }: ProbedMount): string {
    const known = this.#known.get(device);
    const failed = known === undefined ? this.#probe(path) : known ? null : notOfFileSystem;
    if (failed === null || isOfFileSystem(failed)) this.#known.set(device, failed === null);
    return failed === null ? '' : explain(failed, path, type());
  }
}

export interface ProbedMount {
  /** MAJOR:MINOR of the file system. */
  readonly device?: string;
  /** Its type, for a reason. */
  readonly type: () => string;
}

/** As in mountinfo, for file systems with one device. */
function deviceOf(path: string): string {
  const { major, minor } = deviceNumbers(statSync(path).dev);
  return `${major}:${minor}`;
}

const notOfFileSystem: FailedCall = { syscall: 'mount_setattr', errno: 'EINVAL' };

/** Any other failure is of the mount, or of the moment. */
function isOfFileSystem({ syscall, errno }: FailedCall): boolean {
  return syscall === notOfFileSystem.syscall && errno === notOfFileSystem.errno;
}

function explain({ syscall, errno }: FailedCall, path: string, type: string): string {
  if (errno === 'ENOSYS') return 'the kernel has no idmapped mounts (Linux 5.12 and later has)';
  if (syscall === 'clone' && (errno === 'ENOSPC' || errno === 'EUSERS'))
    return 'the limit of user namespaces is reached (user.max_user_namespaces)';
  if (syscall !== 'mount_setattr') return `likerd may make no user namespaces (${syscall}: ${errno})`;
  if (errno === 'EINVAL') return `the file system of '${path}' (${type}) cannot be idmapped`;
  return `likerd may not idmap the mount of '${path}' (${type}: ${errno}): it is idmapped already, or its file system is of another user namespace`;
}
