/** An instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  readonly rest: string;
  /** As it was given, in one line. */
  readonly text: string;
}

/** The instructions in the changes, each of which may have several. A line goes on behind a backslash at its end; # begins a comment. */
export function parseInstructions(changes: readonly string[]): Instruction[] {
  const lines = changes.join('\n').split('\n');
  const whole: string[] = [];
  let open = '';
  for (const line of lines) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, before, isOpen] = /^(.*?)(\\?)\s*$/s.exec(line) ?? [];
    open += before ?? '';
    if (isOpen) continue;
    whole.push(open);
    open = '';
  }
  if (open !== '') whole.push(open);
  return whole.map((line) => {
    const text = line.trim();
    const [word = ''] = text.split(/\s/, 1);
    return { name: word.toUpperCase(), rest: text.slice(word.length).trim(), text };
  });
}
