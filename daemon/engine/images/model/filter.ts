import { matchesGlob } from 'node:path';
import { badArgument } from '../../../../common/errors.ts';
import { familiarName, familiarRepository, parseImageName } from '../../../../common/image-name.ts';
import { parseTimestamp } from '../../../../common/units.ts';
import { type Filter, hasLabel, matcher } from '../../filter.ts';
import { findImage } from './find.ts';
import type { ImageLedger } from './ledger.ts';
import type { Summaries } from './summary.ts';

/** What filters ask of an image. */
export interface Filtered {
  readonly id: string;
  readonly names: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: number | null;
}

/** A test for all filters together. Errors: BAD_ARGUMENT, and IMAGE_NOT_FOUND in before and since. */
export async function imageFilter(
  { ledger, summaries }: { readonly ledger: ImageLedger; readonly summaries: Summaries },
  filters: readonly Filter[],
): Promise<(image: Filtered) => boolean> {
  const times = new Map<string, number>();
  for (const { key, value } of filters) {
    if (key !== 'before' && key !== 'since') continue;
    times.set(value, (await summaries.of(findImage(ledger.rows, value).image.id)).createdAt ?? 0);
  }
  const timeOf = (value: string): number => times.get(value) ?? 0;
  return matcher<Filtered>(filters, {
    reference: (value) => (image) => image.names.some((name) => fitsReference(name, value)),
    dangling: (value) => {
      const wanted = truth('dangling', value);
      return ({ names }) => (names.length === 0) === wanted;
    },
    label: (value) => (image) => hasLabel(image.labels, value),
    'label!': (value) => (image) => !hasLabel(image.labels, value),
    id: (value) => (image) => image.id.startsWith(value) || image.id.startsWith(`sha256:${value}`),
    before: (value) => (image) => (image.createdAt ?? 0) < timeOf(value),
    since: (value) => (image) => (image.createdAt ?? 0) > timeOf(value),
    until: (value) => {
      const ns = parseTimestamp(value, 'filters');
      return (image) => BigInt(Math.floor(image.createdAt ?? 0)) * 1_000_000n < ns;
    },
  });
}

/** Docker's values of a boolean filter. */
export function truth(key: string, value: string): boolean {
  if (['true', '1', 't', 'T', 'TRUE', 'True'].includes(value)) return true;
  if (['false', '0', 'f', 'F', 'FALSE', 'False'].includes(value)) return false;
  throw badArgument('filters', `Invalid filter ${key}=${value}: use true or false`);
}

/** The names that the filters by reference leave: as in Docker, a list shows no others. */
export function referredNames(names: readonly string[], filters: readonly Filter[]): readonly string[] {
  const patterns = filters.filter(({ key }) => key === 'reference').map(({ value }) => value);
  if (patterns.length === 0) return names;
  return names.filter((name) => patterns.some((pattern) => fitsReference(name, pattern)));
}

/** As in Docker: the pattern fits the name as people write it, with or without its tag; a star fits no slash. */
function fitsReference(canonical: string, pattern: string): boolean {
  const name = parseImageName(canonical, 'name');
  const forms = [canonical, familiarName(name), familiarRepository(name), canonical.replace(/:[^:/]*$/, '')];
  return forms.some((form) => matchesGlob(form, pattern));
}
