import { closeSync, fstatSync, readSync } from 'node:fs';
import { LikerError } from '../../common/errors.ts';
import { koffi } from './koffi.ts';

/** Actions of a filter (seccomp(2), SECCOMP_RET_*). */
export const action = {
  killProcess: 0x80000000,
  killThread: 0,
  trap: 0x00030000,
  errno: (errno: number): number => 0x00050000 | errno,
  trace: (message: number): number => 0x7ff00000 | message,
  log: 0x7ffc0000,
  allow: 0x7fff0000,
} as const;

/** enum scmp_compare: the argument is compared with `a`. `maskedEqual`: (argument & a) == b. */
export const compare = {
  notEqual: 1,
  less: 2,
  lessOrEqual: 3,
  equal: 4,
  greaterOrEqual: 5,
  greater: 6,
  maskedEqual: 7,
} as const;

/** A condition for one argument of a system call (struct scmp_arg_cmp). All 64 bits are compared. */
export interface Condition {
  readonly argument: number;
  readonly compare: (typeof compare)[keyof typeof compare];
  readonly a: bigint;
  readonly b: bigint;
}

/** The library's tokens: AUDIT_ARCH_*, except that x32 has one of its own. */
export const architecture = {
  x86: 0x40000003,
  x86_64: 0xc000003e,
  x32: 0x4000003e,
  arm: 0x40000028,
  aarch64: 0xc00000b7,
} as const;

/** enum scmp_filter_attr. */
const attribute = { badArchitecture: 2, noNewPrivileges: 3, optimize: 8 } as const;
const binaryTree = 2;
const errnoNoSys = 38;
const errnoNoMemory = 12;
const conditionBytes = 24;

/** A filter under construction. Release it with `using`. */
export interface SeccompBuilder extends Disposable {
  /** A number of `numberOf` for the machine's own architecture. The errno of a rule that does not fit to those before it; else 0. */
  addRule(action: number, syscall: number, conditions: readonly Condition[]): number;
  /** The finished program: an array of struct sock_filter, 8 bytes each. */
  export(): Buffer;
}

export interface Libseccomp {
  readonly version: string;
  readonly nativeArchitecture: number;
  /** The number of a call on an architecture; negative if there is none, `unknownCall` if the library does not know the name. */
  numberOf(architecture: number, syscall: string): number;
  /** The name of a call; empty if the library knows none with this number. */
  nameOf(architecture: number, syscall: number): string;
  /** A filter for exactly these architectures. Calls of others get ENOSYS. `manyRules`: they are found by a binary search. */
  open(
    defaultAction: number,
    architectures: readonly number[],
    options: { readonly manyRules: boolean },
  ): SeccompBuilder;
}

/** __NR_SCMP_ERROR. */
export const unknownCall = -1;

function check(result: number, call: string): void {
  if (result >= 0) return;
  throw new LikerError('SYSCALL', `Cannot build the seccomp filter: ${call} failed with ${result}`, {
    syscall: { step: 'seccomp', syscall: call, errno: String(-result), object: 'filter' },
  });
}

function encode(conditions: readonly Condition[]): Buffer {
  const bytes = Buffer.alloc(Math.max(1, conditions.length) * conditionBytes);
  for (const [index, condition] of conditions.entries()) {
    bytes.writeUInt32LE(condition.argument, index * conditionBytes);
    bytes.writeUInt32LE(condition.compare, index * conditionBytes + 4);
    bytes.writeBigUInt64LE(condition.a, index * conditionBytes + 8);
    bytes.writeBigUInt64LE(condition.b, index * conditionBytes + 16);
  }
  return bytes;
}

function load(): Libseccomp {
  const library = koffi.load('libseccomp.so.2');
  const libc = koffi.load(null);
  koffi.struct('SeccompVersion', { major: 'uint32_t', minor: 'uint32_t', micro: 'uint32_t' });
  koffi.disposable('HeapText', 'str', libc.func('void free (void *memory)'));
  const init = library.func('void *seccomp_init (uint32_t action)');
  const release = library.func('void seccomp_release (void *context)');
  const setAttribute = library.func(
    'int seccomp_attr_set (void *context, uint32_t attribute, uint32_t value)',
  );
  const version = library.func('const SeccompVersion *seccomp_version ()');
  const nativeArchitecture: number = library.func('uint32_t seccomp_arch_native ()')();
  const addArchitecture = library.func('int seccomp_arch_add (void *context, uint32_t token)');
  const removeArchitecture = library.func('int seccomp_arch_remove (void *context, uint32_t token)');
  const nameFor = library.func('HeapText seccomp_syscall_resolve_num_arch (uint32_t token, int number)');
  const resolveFor = library.func('int seccomp_syscall_resolve_name_arch (uint32_t token, const char *name)');
  const addRule = library.func(
    'int seccomp_rule_add_array (void *context, uint32_t action, int syscall, unsigned int count, const void *conditions)',
  );
  const exportBpf = library.func('int seccomp_export_bpf (void *context, int fd)');
  const memfd = libc.func('int memfd_create (const char *name, unsigned int flags)');

  function exported(context: unknown): Buffer {
    const fd: number = memfd('seccomp', 1);
    check(fd, 'memfd_create');
    try {
      check(exportBpf(context, fd), 'seccomp_export_bpf');
      const program = Buffer.alloc(fstatSync(fd).size);
      readSync(fd, program, 0, program.length, 0);
      return program;
    } finally {
      closeSync(fd);
    }
  }

  function open(
    defaultAction: number,
    architectures: readonly number[],
    { manyRules }: { readonly manyRules: boolean },
  ): SeccompBuilder {
    const context: unknown = init(defaultAction);
    if (context === null) check(-errnoNoMemory, 'seccomp_init');
    check(setAttribute(context, attribute.noNewPrivileges, 0), 'seccomp_attr_set');
    check(setAttribute(context, attribute.badArchitecture, action.errno(errnoNoSys)), 'seccomp_attr_set');
    // Since 2.5; a filter of an older library takes longer. With few rules versions before 2.5.5 make a mistake.
    if (manyRules) setAttribute(context, attribute.optimize, binaryTree);
    for (const token of architectures)
      if (token !== nativeArchitecture) check(addArchitecture(context, token), 'seccomp_arch_add');
    if (!architectures.includes(nativeArchitecture))
      check(removeArchitecture(context, nativeArchitecture), 'seccomp_arch_remove');
    return {
      addRule: (verdict, syscall, conditions) =>
        -addRule(context, verdict, syscall, conditions.length, encode(conditions)),
      export: () => exported(context),
      [Symbol.dispose]: () => release(context),
    };
  }

  const { major, minor, micro } = koffi.decode(version(), 'SeccompVersion');
  return {
    version: `${major}.${minor}.${micro}`,
    nativeArchitecture,
    numberOf: (token, syscall) => resolveFor(token, syscall),
    nameOf: (token, syscall) => nameFor(token, syscall) ?? '',
    open,
  };
}

let loaded: Libseccomp | null | undefined;

/** The library, loaded at the first call; null if it is not installed. */
export function libseccomp(): Libseccomp | null {
  if (loaded !== undefined) return loaded;
  try {
    loaded = load();
  } catch {
    loaded = null;
  }
  return loaded;
}
