import { badArgument } from '../../../../common/errors.ts';

/**
 * Throws BAD_ARGUMENT for a text with a NUL anywhere in the value: the kernel's strings end there, and the rest would
 * silently vanish. Messages name the field, never its value, which may be a secret.
 */
export function checkTexts(value: unknown, field: string): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw badArgument(field, `Invalid ${field}: it holds a NUL character`);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkTexts(item, `${field}[${index}]`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      checkTexts(name, field);
      checkTexts(item, `${field}.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`);
    }
  }
}
