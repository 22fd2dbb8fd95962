/**
 * Looks up a word from outside in a table. Undefined for words that every object inherits, such as toString. `npm run check` refuses
 * `table[word]` where this function belongs.
 */
export function own<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}
