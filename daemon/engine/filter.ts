import { badArgument } from '../../common/errors.ts';
import { own } from '../../common/own.ts';

/** A condition of a list, as key=value. */
export interface Filter {
  readonly key: string;
  readonly value: string;
}

/**
 * A test for all filters together: any value of one key must match, but every label and every key.
 * Errors: BAD_ARGUMENT for a key that is not in `keys`.
 */
export function matcher<Item, Key extends string>(
  filters: readonly Filter[],
  keys: readonly Key[],
  test: (key: Key, value: string) => (item: Item) => boolean,
): (item: Item) => boolean {
  const byKey = Map.groupBy(filters, ({ key }) => checkKey(key, keys));
  const tests = [...byKey].map(([key, values]) => {
    const each = values.map(({ value }) => test(key, value));
    return key.startsWith('label')
      ? (item: Item) => each.every((matches) => matches(item))
      : (item: Item) => each.some((matches) => matches(item));
  });
  return (item) => tests.every((matches) => matches(item));
}

function checkKey<Key extends string>(key: string, keys: readonly Key[]): Key {
  const known = keys.find((candidate) => candidate === key);
  if (known) return known;
  throw badArgument('filters', `Unknown filter '${key}': use one of ${keys.join(', ')}`);
}

/** NAME, or NAME=VALUE. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const [name = '', ...value] = wanted.split('=');
  const found = own(labels, name);
  return found !== undefined && (value.length === 0 || found === value.join('='));
}
