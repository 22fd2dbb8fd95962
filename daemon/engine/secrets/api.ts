import type { Secret } from './model/secrets.ts';

/** Secrets, as the edge uses them. No call returns what one holds. */
export interface SecretService {
  /** Errors: BAD_ARGUMENT, NAME_TAKEN. */
  create(name: string, content: Uint8Array): Promise<void>;
  /** By name. */
  list(): Promise<readonly SecretView[]>;
  /** Errors: SECRET_NOT_FOUND, SECRET_IN_USE. */
  remove(name: string): Promise<void>;
}

export interface SecretView extends Secret {
  /** Ids of the containers that have it. */
  readonly users: readonly string[];
}
