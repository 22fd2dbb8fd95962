/** A text of at most `width` characters; one that was longer ends with an ellipsis. */
export function ellipsis(text: string, width: number): string {
  const points = [...text];
  return points.length <= width ? text : `${points.slice(0, width - 1).join('')}…`;
}
