import { badArgument } from './errors.ts';

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** A container's id is 64 lower-case hexadecimal digits. */
export function isContainerId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

export function isContainerName(text: string): boolean {
  return namePattern.test(text);
}

/** A network's id looks like a container's. */
export const isNetworkId = isContainerId;

/** The first twelve digits, for tables. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** Throws BAD_ARGUMENT unless `name` is a valid container name. */
export function checkContainerName(name: string, field: string): void {
  if (!isContainerName(name)) {
    throw badArgument(
      field,
      `Invalid container name '${name}': use a letter or digit, then letters, digits, '_', '.' or '-', at most 128 in all`,
    );
  }
}
