import { randomBytes } from 'node:crypto';
import { badArgument } from './errors.ts';

declare const brand: unique symbol;

/** 64 lower-case hexadecimal digits, made only by {@link newContainerId} and {@link parseContainerId}. */
export type ContainerId = string & { readonly [brand]: 'ContainerId' };

const containerIdPattern = /^[0-9a-f]{64}$/;
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

export function isContainerId(text: string): text is ContainerId {
  return containerIdPattern.test(text);
}

export function newContainerId(): ContainerId {
  return randomBytes(32).toString('hex') as ContainerId;
}

export function parseContainerId(text: string): ContainerId {
  if (!isContainerId(text)) throw badArgument('container', `Not a container id: '${text}'`);
  return text;
}

/** The first twelve digits, as tables show them. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** Throws BAD_ARGUMENT unless `name` can name a container. */
export function checkContainerName(name: string, field: string): void {
  if (!namePattern.test(name)) {
    throw badArgument(
      field,
      `Invalid container name '${name}': use a letter or digit, then letters, digits, '_', '.' or '-', at most 128 in all`,
    );
  }
}
