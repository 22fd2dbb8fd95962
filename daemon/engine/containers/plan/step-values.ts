import { cloneFlag, foundId, mountAttr, ms, type StepOf } from '../../../kernel/plan/steps.ts';
import { allCapabilities, capabilityNames } from '../../../kernel/security/capabilities.ts';

/** What a process keeps of all capabilities, and what it loses for good. */
export function splitCapabilities(set: bigint): { readonly kept: string[]; readonly dropped: string[] } {
  const every = (1n << BigInt(allCapabilities.length)) - 1n;
  return { kept: capabilityNames(set), dropped: capabilityNames(every & ~set) };
}

/** Names of the namespaces in a set of clone flags. */
export function flagNames(flags: number): string {
  const set = Object.entries(cloneFlag).filter(([, flag]) => (flags & flag) === flag);
  return set.map(([name]) => name).join(' ');
}

export function propagationName(flags: number): string {
  const { REC, ...kinds } = ms;
  const [kind = ''] = Object.entries(kinds).find(([, flag]) => flags & flag) ?? [];
  return `${flags & REC ? 'r' : ''}${kind.toLowerCase()}`;
}

/** As options of mount(8). */
export function attributes({ attributes: set }: { readonly attributes: number }): string[] {
  const { ATIME: _, RDONLY, ...flags } = mountAttr;
  const names = Object.entries(flags).filter(([, flag]) => flag !== 0 && (set & flag) === flag);
  return [...(set & RDONLY ? ['ro'] : []), ...names.map(([name]) => name.toLowerCase())];
}

export function options({ options: list }: Pick<StepOf<'mount'>, 'options'>): string[] {
  return list.map(([key, value]) => (value === null ? key : `${key}=${value}`));
}

export function inBrackets(parts: readonly string[]): string {
  return parts.length > 0 ? ` (${parts.join(',')})` : '';
}

export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

export function idName(id: number): string {
  return id === foundId ? 'as looked up' : String(id);
}

/** RLIM_INFINITY. */
const unlimited = String(2n ** 64n - 1n);

export function limitText(value: string): string {
  return value === unlimited ? 'unlimited' : value;
}

/** As a shell would have it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
