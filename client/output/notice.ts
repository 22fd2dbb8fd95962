/** One line on stderr that is likerctl's own. In raw mode a newline needs its carriage return. */
export function notice(text: string): void {
  const newline = process.stdin.isTTY && process.stdin.isRaw ? '\r\n' : '\n';
  process.stderr.write(`likerctl: ${text}${newline}`);
}
