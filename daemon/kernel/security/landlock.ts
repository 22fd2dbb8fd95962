import { LikerError } from '../../../common/errors.ts';
import { landlockVersion } from '../../native/landlock.ts';

/** LANDLOCK_ACCESS_FS_* with the version of Landlock that has it. */
const files = {
  execute: [1n << 0n, 1],
  writeFile: [1n << 1n, 1],
  readFile: [1n << 2n, 1],
  readFolder: [1n << 3n, 1],
  removeFolder: [1n << 4n, 1],
  removeFile: [1n << 5n, 1],
  makeCharacterDevice: [1n << 6n, 1],
  makeFolder: [1n << 7n, 1],
  makeFile: [1n << 8n, 1],
  makeSocket: [1n << 9n, 1],
  makeFifo: [1n << 10n, 1],
  makeBlockDevice: [1n << 11n, 1],
  makeLink: [1n << 12n, 1],
  /** To link or rename into another folder; where it is missing, nobody can. */
  refer: [1n << 13n, 2],
  truncate: [1n << 14n, 3],
  ioctlDevice: [1n << 15n, 5],
} as const satisfies Record<string, readonly [bit: bigint, version: number]>;

/** LANDLOCK_ACCESS_NET_*. */
const bindTcp = 1n << 0n;
const connectTcp = 1n << 1n;

/** Bits that tell what rules are for. */
export const landlockAccess = {
  makeFile: files.makeFile[0],
  writeFile: files.writeFile[0],
  bindTcp,
  connectTcp,
} as const;

/** The first version without which a file that is read-only could be emptied by truncate(2), and its kernel. */
const fileVersion = { version: 3, kernel: '6.2' };
const portVersion = { version: 4, kernel: '6.7' };

type Access = keyof typeof files;
const everything = Object.keys(files) as Access[];
const reading: readonly Access[] = ['execute', 'readFile', 'readFolder'];
/** A container has only the devices that it was given, so their nodes can be used; none can be made. */
const devices: readonly Access[] = ['readFile', 'writeFile', 'readFolder', 'truncate', 'ioctlDevice'];

/** What is asked for. Lists of TCP ports are null where there is no limit. */
export interface LandlockRequest {
  readonly paths: readonly { readonly path: string; readonly writable: boolean }[];
  readonly connect: readonly number[] | null;
  readonly bind: readonly number[] | null;
  readonly bestEffort: boolean;
}

/** The same in the kernel's terms. */
export interface LandlockRules {
  /** LANDLOCK_ACCESS_FS_* that are limited; 0: none. */
  readonly files: bigint;
  /** LANDLOCK_ACCESS_NET_*. */
  readonly ports: bigint;
  readonly allowedPaths: readonly (readonly [path: string, access: bigint])[];
  readonly allowedPorts: readonly (readonly [port: number, access: bigint])[];
}

function bitsOf(accesses: readonly Access[], version: number): bigint {
  return accesses.reduce((set, access) => {
    const [bit, since] = files[access];
    return since <= version ? set | bit : set;
  }, 0n);
}

/**
 * The rules for this kernel; null if there is nothing that it can limit. Throws SECURITY_MISSING for what it cannot, unless that is
 * to be left out.
 */
export function landlockRules(request: LandlockRequest, version = landlockVersion()): LandlockRules | null {
  const limitsFiles = request.paths.length > 0 && has(version, fileVersion, 'files', request);
  const limitsPorts =
    (request.connect !== null || request.bind !== null) && has(version, portVersion, 'TCP ports', request);
  if (!limitsFiles && !limitsPorts) return null;
  const ports = (list: readonly number[] | null, access: bigint) =>
    limitsPorts && list !== null ? list.map((port) => [port, access] as const) : [];
  return {
    files: limitsFiles ? bitsOf(everything, version) : 0n,
    ports: limitsPorts
      ? (request.connect === null ? 0n : connectTcp) | (request.bind === null ? 0n : bindTcp)
      : 0n,
    allowedPaths: limitsFiles
      ? [
          ['/dev', bitsOf(devices, version)],
          ...request.paths.map(
            ({ path, writable }) => [path, bitsOf(writable ? everything : reading, version)] as const,
          ),
        ]
      : [],
    allowedPorts: [...ports(request.connect, connectTcp), ...ports(request.bind, bindTcp)],
  };
}

function has(
  version: number,
  needed: { readonly version: number; readonly kernel: string },
  what: string,
  { bestEffort }: LandlockRequest,
): boolean {
  // Below the needed version most accesses to files are limited all the same.
  if (version >= needed.version || (bestEffort && version > 0 && needed === fileVersion)) return true;
  if (bestEffort) return false;
  const why =
    version === 0
      ? 'it has no Landlock, or it is not enabled (lsm= on its command line)'
      : `its Landlock has version ${version}`;
  throw new LikerError(
    'SECURITY_MISSING',
    `Cannot limit ${what} by landlock on this kernel: ${why}, and version ${needed.version} of Linux ${needed.kernel} is needed; leave it out, or add best-effort`,
    { field: 'process.landlock' },
  );
}
