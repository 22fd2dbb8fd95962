import { createHash, type Hash } from 'node:crypto';
import { own } from './own.ts';

/** Digits of each algorithm that a digest may name, as in opencontainers/go-digest. */
const digits: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** Why this text is not a digest, such as sha256:HEX, or null if it is one. */
export function digestProblem(text: string): string | null {
  const [, algorithm = '', hex = ''] = /^([a-z0-9]+(?:[+._-][a-z0-9]+)*):([^:]+)$/.exec(text) ?? [];
  const length = algorithm === '' ? undefined : own(digits, algorithm);
  if (algorithm === '') return 'write sha256: and 64 lower-case hexadecimal digits';
  if (length === undefined) return `the algorithm '${algorithm}' is not known; use sha256`;
  if (hex.length === length && /^[0-9a-f]+$/.test(hex)) return null;
  return `${algorithm} has ${length} lower-case hexadecimal digits`;
}

/** A hash by the algorithm of a valid digest. */
export function hashFor(digest: string): Hash {
  return createHash(digest.slice(0, digest.indexOf(':')));
}

/** The digest of these bytes, by the algorithm of `like`, another digest. */
export function digestOf(bytes: Uint8Array, like = 'sha256:'): string {
  const algorithm = like.slice(0, like.indexOf(':'));
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}
