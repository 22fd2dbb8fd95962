import type { Subject } from '../grpc/subject.ts';

/** The container that a request names, or is to make; null for one that names none. */
export function subjectOf(request: unknown): Subject | null {
  const { container, spec } = request as { container?: unknown; spec?: { name?: unknown } | null };
  const name = container ?? spec?.name;
  return typeof name === 'string' && name !== '' ? { kind: 'container', name } : null;
}
