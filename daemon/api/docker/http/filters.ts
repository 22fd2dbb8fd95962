import type { Filter } from '../../../engine/filter.ts';
import type { Call } from './call.ts';
import { HttpError } from './errors.ts';

/** The `filters` of a query: {"key": ["value"]}, and as old clients write it {"key": {"value": true}}. */
export function filtersOf({ query }: Pick<Call, 'query'>): Filter[] {
  const text = query.get('filters') ?? '';
  if (text === '') return [];
  const found = parse(text);
  if (typeof found !== 'object' || found === null) throw bad(text);
  return Object.entries(found).flatMap(([key, values]) =>
    valuesOf(values, text).map((value) => ({ key, value })),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bad(text);
  }
}

function valuesOf(values: unknown, text: string): string[] {
  if (values === null) return [];
  if (Array.isArray(values)) return values.map(String);
  if (typeof values !== 'object') throw bad(text);
  return Object.entries(values)
    .filter(([, isSet]) => isSet === true)
    .map(([value]) => value);
}

function bad(text: string): HttpError {
  return new HttpError(
    400,
    `invalid filter '${text}': use a JSON object of lists, such as {"label":["a=b"]}`,
  );
}
