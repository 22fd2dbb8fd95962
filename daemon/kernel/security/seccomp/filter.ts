import { existsSync } from 'node:fs';
import { LikerError } from '../../../../common/errors.ts';
import { kernelVersion } from '../../../../common/kernel-version.ts';
import { architecture, type Libseccomp, libseccomp } from '../../../native/libseccomp.ts';
import { builtinForbidden, builtinProfile } from './builtin.ts';
import { compileFilter } from './compile.ts';
import { type Profile, parseProfile, type Rule } from './profile.ts';
import { capabilitiesIn, rulesFor } from './rules.ts';

/** A compiled profile. */
export interface SeccompFilter {
  /** An array of struct sock_filter. */
  readonly program: Uint8Array;
  /** SECCOMP_FILTER_FLAG_*. */
  readonly flags: number;
  /** How many rules of the profile hold for these capabilities, on this machine. */
  readonly rules: number;
  /** SECCOMP_RET_*, for a call that no rule is for. */
  readonly defaultAction: number;
}

const archNames: Readonly<Record<number, string>> = {
  [architecture.x86_64]: 'amd64',
  [architecture.aarch64]: 'arm64',
};

/** A profile with its filters, by the capabilities that make a difference. */
interface Compiled {
  readonly profile: Profile;
  readonly differing: bigint;
  readonly filters: Map<bigint, SeccompFilter>;
}

/** By its text; that of the built-in one is empty. */
const profiles = new Map<string, Compiled>();
const mostProfiles = 64;
const mostFilters = 64;

/** Forgets the oldest, but not the built-in profile. */
function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, most: number): Value {
  const oldest = [...map.keys()].find((other) => other !== '');
  if (map.size >= most && oldest !== undefined) map.delete(oldest);
  map.set(key, value);
  return value;
}

function compiled(text: string): Compiled {
  const before = profiles.get(text);
  if (before !== undefined) return before;
  const profile = text === '' ? builtinProfile : parseProfile(text);
  const made = { profile, differing: capabilitiesIn(profile), filters: new Map<bigint, SeccompFilter>() };
  return remember(profiles, text, made, mostProfiles);
}

/** Null if the kernel has no filters, or libseccomp is not installed. */
function usableLibrary(): Libseccomp | null {
  return existsSync('/proc/sys/kernel/seccomp/actions_avail') ? libseccomp() : null;
}

/** True when containers can have a filter. */
export function seccompAvailable(): boolean {
  return usableLibrary() !== null;
}

/**
 * The filter of a profile for a container with these capabilities. Building one takes tens of milliseconds, so each is built once.
 * `profile`: JSON; empty for the built-in one, which is null where there can be no filters. Throws BAD_ARGUMENT for a profile
 * that cannot be used, SECURITY_MISSING for one that could be used elsewhere.
 */
export function seccompFilter(profile: string, capabilities: bigint): SeccompFilter | null {
  const library = usableLibrary();
  if (library === null) {
    if (profile === '') return null;
    throw new LikerError(
      'SECURITY_MISSING',
      'Cannot use a seccomp profile: libseccomp.so.2 cannot be loaded, or the kernel has no seccomp filters; install libseccomp2',
      { field: 'spec.seccomp_profile' },
    );
  }
  const { profile: parsed, differing, filters } = compiled(profile);
  const key = capabilities & differing;
  const before = filters.get(key);
  if (before !== undefined) return before;
  const filter = {
    program: build(library, parsed, capabilities, library.nativeArchitecture),
    flags: parsed.flags,
    rules: holding(parsed, capabilities, library.nativeArchitecture).length,
    defaultAction: parsed.defaultAction,
  };
  return remember(filters, key, filter, mostFilters);
}

/** The rules that hold on this kernel and a machine of an architecture (AUDIT_ARCH_*). */
function holding(profile: Profile, capabilities: bigint, native: number): Rule[] {
  return rulesFor(profile, { capabilities, arch: archNames[native] ?? '', kernel: kernelVersion() });
}

/** The filter of a profile on a machine of an architecture (AUDIT_ARCH_*). */
export function build(library: Libseccomp, profile: Profile, capabilities: bigint, native: number): Buffer {
  const rules = holding(profile, capabilities, native);
  const forbidden = profile === builtinProfile ? builtinForbidden : [];
  return compileFilter(library, { profile, rules, forbidden, native });
}
