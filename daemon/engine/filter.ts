import { badArgument } from '../../common/errors.ts';
import { own } from '../../common/own.ts';

/** A condition of a list, as key=value. */
export interface Filter {
  readonly key: string;
  readonly value: string;
}

/** By key: makes the test of a value. */
export type FilterTests<Item> = Readonly<Record<string, (value: string) => (item: Item) => boolean>>;

/** A test for all filters together: any value of one key must match, but every label and every key. Errors: BAD_ARGUMENT. */
export function matcher<Item>(filters: readonly Filter[], tests: FilterTests<Item>): (item: Item) => boolean {
  const wanted = [...Map.groupBy(filters, ({ key }) => key)].map(([key, values]) => {
    const test = own(tests, key);
    if (!test)
      throw badArgument('filters', `Unknown filter '${key}': use one of ${Object.keys(tests).join(', ')}`);
    const each = values.map(({ value }) => test(value));
    return key.startsWith('label')
      ? (item: Item) => each.every((matches) => matches(item))
      : (item: Item) => each.some((matches) => matches(item));
  });
  return (item) => wanted.every((matches) => matches(item));
}

/** NAME, or NAME=VALUE. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const [name = '', ...value] = wanted.split('=');
  const found = own(labels, name);
  return found !== undefined && (value.length === 0 || found === value.join('='));
}

/** What a filter that is true or false says, in any of Docker's words. Errors: BAD_ARGUMENT. */
export function truth(key: string, value: string): boolean {
  if (['true', '1', 't', 'T', 'TRUE', 'True'].includes(value)) return true;
  if (['false', '0', 'f', 'F', 'FALSE', 'False'].includes(value)) return false;
  throw badArgument('filters', `Invalid filter ${key}=${value}: use true or false`);
}
