import { LikerError } from '../../../../common/errors.ts';
import { shortId } from '../../../../common/ids.ts';
import type { Container } from './container.ts';

export class Registry {
  readonly #byId = new Map<string, Container>();
  readonly #byName = new Map<string, Container>();

  add(container: Container): void {
    this.#byId.set(container.id, container);
    this.#byName.set(container.name, container);
  }

  delete(container: Container): void {
    this.#byId.delete(container.id);
    if (this.#byName.get(container.name) === container) this.#byName.delete(container.name);
  }

  /** Call after the container's name has changed. */
  renamed(container: Container, oldName: string): void {
    this.#byName.delete(oldName);
    this.#byName.set(container.name, container);
  }

  byName(name: string): Container | null {
    return this.#byName.get(name) ?? null;
  }

  byId(id: string): Container | null {
    return this.#byId.get(id) ?? null;
  }

  /** As byId, but throws CONTAINER_NOT_FOUND. For ids that were stored or found before: another container may have one as its name. */
  get(id: string): Container {
    return this.#byId.get(id) ?? notFound(id);
  }

  /** Newest first. */
  all(): Container[] {
    return [...this.#byId.values()].reverse();
  }

  /** The container with this id, name, or unique prefix of an id, in this order. Errors: CONTAINER_NOT_FOUND, AMBIGUOUS_ID. */
  find(reference: string): Container {
    const name = reference.startsWith('/') ? reference.slice(1) : reference;
    const exact = this.#byId.get(name) ?? this.#byName.get(name);
    if (exact) return exact;
    const matches = /^[0-9a-f]{1,64}$/.test(name)
      ? [...this.#byId.values()].filter((c) => c.id.startsWith(name))
      : [];
    if (matches.length > 1) {
      const some = matches.slice(0, 3).map((container) => shortId(container.id));
      throw new LikerError(
        'AMBIGUOUS_ID',
        `Cannot identify container '${reference}': ${matches.length} ids begin with it, such as ${some.join(', ')}; give more digits`,
        { metadata: { container: reference } },
      );
    }
    return matches[0] ?? notFound(reference);
  }
}

function notFound(reference: string): never {
  throw new LikerError(
    'CONTAINER_NOT_FOUND',
    `No such container: '${reference}'; 'likerctl ps -a' lists all`,
    { metadata: { container: reference } },
  );
}
