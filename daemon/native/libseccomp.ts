import { closeSync, fstatSync, readSync } from 'node:fs';
import { LikerError } from '../../common/errors.ts';
import { koffi } from './koffi.ts';

/** Actions of a filter (seccomp(2), SECCOMP_RET_*). */
export const action = {
  allow: 0x7fff0000,
  errno: (errno: number): number => 0x00050000 | errno,
} as const;

/** enum scmp_compare. `maskedEqual`: (argument & a) == b. */
export const compare = { equal: 4, maskedEqual: 7 } as const;

/** A condition for one argument of a system call (struct scmp_arg_cmp). */
interface Condition {
  readonly argument: number;
  readonly compare: (typeof compare)[keyof typeof compare];
  readonly a: bigint;
  readonly b: bigint;
}

/** enum scmp_filter_attr. */
const attribute = { badArchitecture: 2, noNewPrivileges: 3, optimize: 8 } as const;
const binaryTree = 2;
const errnoNoSys = 38;
const conditionBytes = 24;

/** A filter under construction. Release it with `using`. */
export interface SeccompBuilder extends Disposable {
  addArchitecture(token: number): void;
  /** Does nothing if the library or the architecture does not know the name. */
  addRule(action: number, syscall: string, conditions?: readonly Condition[]): void;
  /** The finished program: an array of struct sock_filter, 8 bytes each. */
  export(): Buffer;
}

export interface Libseccomp {
  /** The running architecture (AUDIT_ARCH_*). */
  nativeArchitecture(): number;
  /** The number of a call on an architecture; negative if there is none. */
  numberOf(architecture: number, syscall: string): number;
  open(defaultAction: number): SeccompBuilder;
}

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
  const init = library.func('void *seccomp_init (uint32_t action)');
  const release = library.func('void seccomp_release (void *context)');
  const setAttribute = library.func(
    'int seccomp_attr_set (void *context, uint32_t attribute, uint32_t value)',
  );
  const nativeArchitecture = library.func('uint32_t seccomp_arch_native ()');
  const addArchitecture = library.func('int seccomp_arch_add (void *context, uint32_t token)');
  const resolve = library.func('int seccomp_syscall_resolve_name (const char *name)');
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

  function open(defaultAction: number): SeccompBuilder {
    const context: unknown = init(defaultAction);
    if (context === null) check(-12, 'seccomp_init');
    check(setAttribute(context, attribute.noNewPrivileges, 0), 'seccomp_attr_set');
    // A call of another architecture gets ENOSYS.
    check(setAttribute(context, attribute.badArchitecture, action.errno(errnoNoSys)), 'seccomp_attr_set');
    // Since 2.5; a filter of an older library takes longer.
    setAttribute(context, attribute.optimize, binaryTree);
    return {
      addArchitecture: (token) => check(addArchitecture(context, token), 'seccomp_arch_add'),
      addRule(verdict, syscall, conditions = []) {
        const number: number = resolve(syscall);
        if (number === -1) return;
        check(
          addRule(context, verdict, number, conditions.length, encode(conditions)),
          `seccomp_rule_add ${syscall}`,
        );
      },
      export: () => exported(context),
      [Symbol.dispose]: () => release(context),
    };
  }

  return {
    nativeArchitecture: () => nativeArchitecture(),
    numberOf: (architecture, syscall) => resolveFor(architecture, syscall),
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
