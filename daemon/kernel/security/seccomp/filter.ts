import { existsSync } from 'node:fs';
import {
  action,
  compare,
  type Libseccomp,
  libseccomp,
  type SeccompBuilder,
} from '../../../native/libseccomp.ts';
import { type CapabilityName, capability } from '../capabilities.ts';
import { type ArchitectureRules, prologue } from './prologue.ts';
import { allowedPersonalities, allowedSyscalls, namespaceFlags, syscallsByCapability } from './syscalls.ts';

const eperm = 1;
const enosys = 38;

/** AUDIT_ARCH_* of each native architecture, and of the 32-bit one that its kernel also runs. */
const x86 = 0x40000003;
const x86_64 = 0xc000003e;
const arm = 0x40000028;
const aarch64 = 0xc00000b7;
const compatible: Readonly<Record<number, number>> = { [x86_64]: x86, [aarch64]: arm };

/** ioctl requests that type into a terminal, which could be the host's (CVE-2017-5226). */
const tiocsti = 0x5412;
const tioclinux = 0x541c;
/** Sockets to the hypervisor have no namespace. */
const afVsock = 40;
/** On x86 libseccomp has its own number for this call, since socketcall can make it too. */
const x86Socket = 359;

function addCondition(builder: SeccompBuilder, syscall: string, mask: bigint | null, value: bigint): void {
  const a = mask ?? value;
  const condition = {
    argument: 0,
    compare: mask === null ? compare.equal : compare.maskedEqual,
    a,
    b: mask === null ? 0n : value,
  };
  builder.addRule(action.allow, syscall, [condition]);
}

function addRules(builder: SeccompBuilder, more: readonly string[]): void {
  const names = new Set([...allowedSyscalls, ...more]);
  for (const name of names) builder.addRule(action.allow, name);
  for (const value of allowedPersonalities) addCondition(builder, 'personality', null, value);
  if (names.has('clone')) return;
  addCondition(builder, 'clone', namespaceFlags, 0n);
  // A filter cannot read its flags, which are in memory. If it does not exist, libraries use clone.
  builder.addRule(action.errno(enosys), 'clone3');
}

function rulesOf(library: Libseccomp, architecture: number): ArchitectureRules {
  const number = (name: string): number => library.numberOf(architecture, name);
  const known = [...allowedSyscalls, ...Object.values(syscallsByCapability).flat(), 'clone3'];
  const forbidden = [
    { syscall: number('ioctl'), argument: 1, values: [tiocsti, tioclinux] },
    { syscall: architecture === x86 ? x86Socket : number('socket'), argument: 0, values: [afVsock] },
  ];
  // The private calls of arm have far greater numbers.
  const numbers = known.map(number).filter((n) => n >= 0 && n < 0xf0000);
  return {
    architecture,
    greatest: Math.max(...numbers),
    forbidden: forbidden.filter(({ syscall }) => syscall >= 0),
  };
}

function build(library: Libseccomp, more: readonly string[]): Buffer {
  const native = library.nativeArchitecture();
  const other = compatible[native];
  using builder = library.open(action.errno(eperm));
  if (other !== undefined) builder.addArchitecture(other);
  addRules(builder, more);
  const architectures = other === undefined ? [native] : [native, other];
  return Buffer.concat([prologue(architectures.map((one) => rulesOf(library, one))), builder.export()]);
}

const built = new Map<string, Uint8Array>();

/** Null if the kernel has no filters, or libseccomp is not installed. */
function usableLibrary(): Libseccomp | null {
  return existsSync('/proc/sys/kernel/seccomp/actions_avail') ? libseccomp() : null;
}

/** True when containers can have a filter. */
export function seccompAvailable(): boolean {
  return usableLibrary() !== null;
}

/**
 * The default filter for a container with these capabilities: an array of struct sock_filter, for
 * seccomp(SECCOMP_SET_MODE_FILTER); null if there is none. Building one takes tens of milliseconds, so each is built once.
 */
export function seccompFilter(capabilities: bigint): Uint8Array | null {
  const more = Object.entries(syscallsByCapability)
    .filter(([name]) => (capabilities & capability(name as CapabilityName)) !== 0n)
    .flatMap(([, calls]) => calls);
  const key = more.join(' ');
  const before = built.get(key);
  if (before !== undefined) return before;
  const library = usableLibrary();
  if (library === null) return null;
  const filter = build(library, more);
  built.set(key, filter);
  return filter;
}
