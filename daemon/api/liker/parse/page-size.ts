import { badArgument } from '../../../../common/errors.ts';
import { pageSizeName, parseBytes } from '../../../../common/units.ts';
import { required } from './text.ts';

/** A size of huge pages as the kernel writes it: 2m, 2MB and 2048k are all 2MB. */
export function parsePageSize(text: string, field: string): string {
  const bytes = parseBytes(required(text, field), field);
  const isPowerOfTwo = bytes >= 4096 && Number.isInteger(Math.log2(bytes));
  if (!isPowerOfTwo) {
    throw badArgument(field, `Not a size of huge pages: '${text}'; give one such as 2MB or 1GB`);
  }
  return pageSizeName(bytes);
}
