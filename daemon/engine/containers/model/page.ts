import type { Container } from './container.ts';

/** Says where a page of a list ends. It still does when the last container of the page has been removed. */
export function pageToken({ createdAt, id }: { readonly createdAt: number; readonly id: string }): string {
  return `${createdAt}-${id}`;
}

/** The containers of the list, newest first, that follow the page that `token` ends. */
export function listedAfter(all: readonly Container[], token: string): readonly Container[] {
  const [createdAt, id] = token.split('-');
  const last = all.findIndex((container) => container.id === id);
  if (last !== -1) return all.slice(last + 1);
  return all.filter((container) => container.createdAt <= Number(createdAt));
}
