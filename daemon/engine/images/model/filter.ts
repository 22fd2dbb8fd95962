import {
  familiarName,
  familiarRepository,
  parseImageName,
  repositoryOf,
} from '../../../../common/image-name.ts';
import { parseTimestamp } from '../../../../common/units.ts';
import { type Filter, hasLabel, matcher, truth } from '../../filter.ts';
import { findImage } from './find.ts';
import { globTest } from './glob.ts';
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
    reference: (value) => {
      const fits = referenceTest(value);
      return (image) => image.names.some(fits);
    },
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

/** The names that the filters by reference leave: as in Docker, a list shows no others. */
export function referredNames(names: readonly string[], filters: readonly Filter[]): readonly string[] {
  const tests = filters.filter(({ key }) => key === 'reference').map(({ value }) => referenceTest(value));
  if (tests.length === 0) return names;
  return names.filter((name) => tests.some((fits) => fits(name)));
}

/** As in Docker: the pattern fits the canonical name, or the name as people write it, with or without its tag. */
function referenceTest(pattern: string): (canonical: string) => boolean {
  const fits = globTest(pattern);
  return (canonical) => {
    const name = parseImageName(canonical, 'name');
    return [canonical, familiarName(name), familiarRepository(name), repositoryOf(name)].some(fits);
  };
}
