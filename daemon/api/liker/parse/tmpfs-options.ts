import { badArgument } from '../../../../common/errors.ts';
import { isTmpfsOption, knownTmpfsOptions } from '../../../engine/containers/plan/tmpfs-options.ts';

/** Options of a tmpfs, one each: size=64m, mode=1777, noexec. */
export function parseTmpfsOptions(options: readonly string[], field: string): string[] {
  return options.map((option, index) => {
    if (isTmpfsOption(option)) return option;
    throw badArgument(
      `${field}[${index}]`,
      `Invalid tmpfs option '${option}': use ${knownTmpfsOptions.join(', ')}`,
    );
  });
}
