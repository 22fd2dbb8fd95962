/** `; did you mean X?` for the most similar words; empty if none is similar. */
export function didYouMean(typed: string, words: readonly string[]): string {
  const near = words
    .map((word) => ({ word, distance: distance(typed, word) }))
    .filter(({ word, distance }) => distance <= (Math.min(letters(typed), letters(word)) <= 4 ? 1 : 2))
    .toSorted((a, b) => a.distance - b.distance);
  const best = near.filter(({ distance }) => distance === near[0]?.distance).slice(0, 3);
  return best.length === 0 ? '' : `; did you mean ${best.map(({ word }) => word).join(' or ')}?`;
}

/** The length without the dashes of a flag. */
function letters(word: string): number {
  return word.replace(/^--/, '').length;
}

/** The number of letters to insert, remove, replace or swap with a neighbour (optimal string alignment distance). */
function distance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const at = (up: number, left: number): number => rows[i - up]?.[j - left] ?? 0;
      const isSame = from[i - 1] === to[j - 1];
      const replaced = at(1, 1) + (isSame ? 0 : 1);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row[j] = Math.min(
        at(1, 0) + 1,
        (row[j - 1] ?? 0) + 1,
        replaced,
        isSwap ? at(2, 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    rows.push(row);
  }
  return rows[from.length]?.[to.length] ?? 0;
}
