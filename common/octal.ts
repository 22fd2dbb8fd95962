/** Decodes the octal escapes for blanks and backslashes in the mount tables of proc(5). */
export function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
