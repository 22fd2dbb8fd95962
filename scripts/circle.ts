/** An arrow of a graph: `from` needs `to`. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** The arrows of one circle, in its order; undefined when there is none. An arrow from a node to itself is no circle. */
export function findCircle<A extends Arrow>(arrows: readonly A[]): A[] | undefined {
  const byNode = Map.groupBy(arrows, ({ from }) => from);
  const done = new Set<string>();
  for (const node of byNode.keys()) {
    const found = walk(node, []);
    if (found !== undefined) return found;
  }
  return undefined;

  /** `path` leads to the node. */
  function walk(node: string, path: readonly A[]): A[] | undefined {
    const begin = path.findIndex(({ from }) => from === node);
    if (begin >= 0) return path.slice(begin);
    if (done.has(node)) return undefined;
    for (const arrow of byNode.get(node) ?? []) {
      const found = arrow.to === node ? undefined : walk(arrow.to, [...path, arrow]);
      if (found !== undefined) return found;
    }
    done.add(node);
    return undefined;
  }
}

/** a → b → a */
export function showCircle(circle: readonly Arrow[]): string {
  return [...circle, ...circle.slice(0, 1)].map(({ from }) => from).join(' → ');
}
