/**
 * The value of a table under a word that came from outside; undefined for what every object inherits, such as toString.
 * `npm run check` refuses `table[word]` where this belongs.
 */
export function own<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}
