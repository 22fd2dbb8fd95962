import type { Subject } from '../grpc/context.ts';

/** The container that a request names, has made or is to make; null for none. */
export function subjectOf(request: unknown, response?: unknown): Subject | null {
  const { container, spec } = request as { container?: unknown; spec?: { name?: unknown } | null };
  const made = spec && (response as { container?: { id?: unknown } } | null | undefined)?.container?.id;
  const name = container ?? made ?? spec?.name;
  return typeof name === 'string' && name !== '' ? { kind: 'container', name } : null;
}
