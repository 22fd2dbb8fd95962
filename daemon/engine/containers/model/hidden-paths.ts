import type { ContainerSpec } from './spec.ts';

/** Paths that a container does not see, and those of /proc and /sys that it cannot change. */
export interface HiddenPaths {
  readonly masked: readonly string[];
  readonly readOnly: readonly string[];
}

/** The default paths without those that the spec leaves open, and those that it hides. */
export function hiddenPaths(
  { maskPaths, unmaskPaths, process }: Pick<ContainerSpec, 'maskPaths' | 'unmaskPaths' | 'process'>,
  defaults: HiddenPaths,
): HiddenPaths {
  const all = process.privileged || unmaskPaths.includes('ALL');
  if (!all && maskPaths.length + unmaskPaths.length === 0) return defaults;
  const open = unmaskPaths.map(patternOf);
  const stays = (path: string): boolean => !all && !open.some((pattern) => pattern.test(path));
  return {
    masked: [...new Set([...defaults.masked.filter(stays), ...maskPaths])],
    readOnly: defaults.readOnly.filter(stays),
  };
}

/** A * stands for any part of a name, a ? for one character. */
function patternOf(path: string): RegExp {
  const source = path.replace(/[^*?]+|[*?]/g, (part) =>
    part === '*' ? '[^/]*' : part === '?' ? '[^/]' : RegExp.escape(part),
  );
  return new RegExp(`^${source}$`);
}
