import { own } from '../../../../common/own.ts';
import { architecture, type Libseccomp, unknownCall } from '../../../native/libseccomp.ts';

/** Calls of Linux 6.5 and later, which have the same number on every architecture. Older versions of libseccomp lack them. */
const newCalls: Readonly<Record<string, number>> = {
  cachestat: 451,
  fchmodat2: 452,
  map_shadow_stack: 453,
  futex_wake: 454,
  futex_wait: 455,
  futex_requeue: 456,
  statmount: 457,
  listmount: 458,
  lsm_get_self_attr: 459,
  lsm_set_self_attr: 460,
  lsm_list_modules: 461,
  mseal: 462,
  setxattrat: 463,
  getxattrat: 464,
  listxattrat: 465,
  removexattrat: 466,
  open_tree_attr: 467,
  file_getattr: 468,
  file_setattr: 469,
  listns: 470,
  rseq_slice_yield: 471,
};

/** Calls that only x86_64 has. */
const newCallsOfX86: Readonly<Record<string, number>> = { uretprobe: 335, uprobe: 336 };

const x32Bit = 0x40000000;
/** Calls of arm from this number on are its own, such as set_tls. */
export const privateCalls = 0xf0000;

/** The greatest numbers of some calls, -1 without any. */
export interface GreatestCalls {
  readonly common: number;
  readonly private: number;
}

/** True if the library can make rules for the call. */
export function isInLibrary(library: Libseccomp, name: string): boolean {
  return library.numberOf(library.nativeArchitecture, name) !== unknownCall;
}

/** True if the call is one of some architecture. */
export function isCall(library: Libseccomp, name: string): boolean {
  return isInLibrary(library, name) || Object.hasOwn(newCalls, name) || Object.hasOwn(newCallsOfX86, name);
}

/** The number of a call on an architecture, -1 if there is none. */
export function numberOf(library: Libseccomp, token: number, name: string): number {
  const number = library.numberOf(token, name);
  if (number !== unknownCall) return Math.max(number, -1);
  const isX86 = token === architecture.x86_64 || token === architecture.x32;
  const found = own(newCalls, name) ?? (isX86 ? own(newCallsOfX86, name) : undefined);
  if (found === undefined) return -1;
  return token === architecture.x32 ? found | x32Bit : found;
}

export function greatestOf(library: Libseccomp, token: number, names: readonly string[]): GreatestCalls {
  const numbers = names.map((name) => numberOf(library, token, name));
  const isPrivate = (number: number): boolean => token === architecture.arm && number >= privateCalls;
  return {
    common: Math.max(-1, ...numbers.filter((number) => !isPrivate(number))),
    private: Math.max(-1, ...numbers.filter(isPrivate)),
  };
}
