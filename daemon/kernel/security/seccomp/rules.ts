import { isAtLeast, type KernelVersion } from '../../../../common/kernel-version.ts';
import { type CapabilityName, capability } from '../capabilities.ts';
import type { Profile, Rule, RuleFilter } from './profile.ts';

/** What the parts of a profile depend on. */
export interface Circumstances {
  readonly capabilities: bigint;
  /** Docker's name of the machine's architecture: amd64 or arm64. */
  readonly arch: string;
  readonly kernel: KernelVersion;
}

/** Bits of the capabilities that the rules of a profile depend on. */
export function capabilitiesIn({ rules }: Profile): bigint {
  return rules
    .flatMap(({ includes, excludes }) => [...includes.caps, ...excludes.caps])
    .reduce((set, name) => set | bitOf(name), 0n);
}

/** The rules that hold: as in Docker, what a rule excludes comes before what it includes. */
export function rulesFor({ rules }: Profile, circumstances: Circumstances): Rule[] {
  return rules.filter(
    (rule) => !isExcluded(rule.excludes, circumstances) && isIncluded(rule.includes, circumstances),
  );
}

function isExcluded(
  { caps, arches, minKernel }: RuleFilter,
  { capabilities, arch, kernel }: Circumstances,
): boolean {
  return (
    arches.includes(arch) ||
    caps.some((name) => (capabilities & bitOf(name)) !== 0n) ||
    (minKernel !== null && isAtLeast(kernel, minKernel))
  );
}

function isIncluded(
  { caps, arches, minKernel }: RuleFilter,
  { capabilities, arch, kernel }: Circumstances,
): boolean {
  return (
    (arches.length === 0 || arches.includes(arch)) &&
    caps.every((name) => (capabilities & bitOf(name)) !== 0n) &&
    (minKernel === null || isAtLeast(kernel, minKernel))
  );
}

/** 0 for a capability that is not known here: nobody has it. */
function bitOf(name: string): bigint {
  return capability(name.replace(/^CAP_/, '') as CapabilityName);
}
