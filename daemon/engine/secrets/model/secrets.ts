import { badArgument, LikerError } from '../../../../common/errors.ts';
import { tellSystemError } from '../../../../common/exhausted.ts';
import type { SecretFile, SecretFiles } from '../../../storage/secret-files.ts';
import type { NewEvent } from '../../journal/event.ts';
import type { Journal } from '../../journal/journal.ts';

export type Secret = SecretFile;

/** As Docker's. */
const maxBytes = 500 * 1024;
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;

/** Throws BAD_ARGUMENT for a name that no secret can have. */
export function checkSecretName(name: string, field: string): void {
  if (!namePattern.test(name))
    throw badArgument(
      field,
      `Invalid secret name '${name}': use at most 63 letters, digits, '_', '.' and '-', beginning with a letter or digit`,
    );
}

/** All secrets. What one holds leaves likerd only in the plan of a start, and is in no record, event or log. */
export class Secrets {
  readonly #files: SecretFiles;
  readonly #journal: Journal;

  constructor(files: SecretFiles, journal: Journal) {
    this.#files = files;
    this.#journal = journal;
  }

  /** By name. */
  list(): Secret[] {
    return this.#files.list();
  }

  /** What a secret holds. Throws SECRET_NOT_FOUND for the start of a container. */
  read(name: string, container: string): Uint8Array {
    if (this.#files.has(name)) return this.#files.read(name);
    throw new LikerError(
      'SECRET_NOT_FOUND',
      `Cannot start container '${container}': there is no secret '${name}'; secrets are kept in memory, and a reboot loses them: make it again with 'likerctl secret create'`,
      { metadata: { secret: name } },
    );
  }

  /** Throws SECRET_NOT_FOUND. */
  require(name: string): void {
    if (this.#files.has(name)) return;
    throw new LikerError('SECRET_NOT_FOUND', `No such secret: '${name}'; 'likerctl secret ls' lists all`, {
      metadata: { secret: name },
    });
  }

  /** Errors: BAD_ARGUMENT, NAME_TAKEN, and STORE_FAILED where there is no file system in memory. */
  create(name: string, content: Uint8Array): void {
    checkSecretName(name, 'name');
    if (content.length === 0 || content.length > maxBytes)
      throw badArgument(
        'content',
        `Cannot create secret '${name}': it has ${content.length} bytes; use 1 to ${maxBytes}`,
      );
    if (!this.#files.isPossible)
      throw new LikerError(
        'STORE_FAILED',
        `Cannot create secret '${name}': neither likerd's run folder nor /dev/shm is a tmpfs, and a secret is never written to a disk; mount a tmpfs at one of them`,
      );
    if (this.#files.has(name))
      throw new LikerError(
        'NAME_TAKEN',
        `Cannot create secret '${name}': there is one; remove it first, or choose another name`,
        { metadata: { name }, field: 'name' },
      );
    try {
      this.#files.create(name, content);
    } catch (error) {
      throw tellSystemError(error, `create secret '${name}'`);
    }
    this.#journal.record({ events: [event(name, 'create')] });
  }

  remove(name: string): void {
    this.#files.remove(name);
    this.#journal.record({ events: [event(name, 'remove')] });
  }
}

function event(name: string, action: string): NewEvent {
  return { subject: { type: 'secret', id: name, name }, action };
}
