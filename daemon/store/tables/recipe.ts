import type { Database } from '../database.ts';

/** A file in recipes/. */
export interface RecipeRow {
  /** sha256:HEX, of its layer. */
  readonly diffId: string;
  /** Bytes that it takes on the disk. */
  readonly size: number;
}

/** The recipes of layers, which go with them. */
export function recipeTable(database: Database) {
  return {
    all: () => database.all<RecipeRow>('SELECT diff_id AS diffId, size FROM recipe'),
    /** Null: the layer has none. */
    sizeOf: (diffId: string): number | null =>
      database.all<RecipeRow>('SELECT size FROM recipe WHERE diff_id = ?', diffId)[0]?.size ?? null,
    /** Takes the place of one that is there. */
    set({ diffId, size }: RecipeRow): void {
      database.run('INSERT OR REPLACE INTO recipe (diff_id, size) VALUES (?, ?)', diffId, size);
    },
    delete(diffId: string): void {
      database.run('DELETE FROM recipe WHERE diff_id = ?', diffId);
    },
  };
}
