/** Shortens a text to `width` characters, ending in an ellipsis. */
export function ellipsis(text: string, width: number): string {
  const points = [...text];
  return points.length <= width ? text : `${points.slice(0, width - 1).join('')}…`;
}
