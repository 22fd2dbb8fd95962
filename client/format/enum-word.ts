/** A value of an enum as people write it. `prefix`: that of all its values, such as TYPE_. */
export function enumWord(value: string | undefined, prefix: string): string {
  const word = (value ?? '').replace(prefix, '').toLowerCase();
  return word === 'unspecified' ? 'default' : word;
}
