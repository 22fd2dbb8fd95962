/** One page in the language of man(7). */
export class Page {
  readonly #lines: string[];

  constructor({ name, section, date, version }: PageTitle) {
    const title = [name.toUpperCase(), section, date, `Liker ${version}`, 'Liker'].map(quote).join(' ');
    // No hyphenation, no justification: options and paths stay whole.
    this.#lines = [`.TH ${title}`, '.nh', '.ad l'];
  }

  heading(text: string): this {
    return this.#add(`.SH ${quote(text)}`);
  }

  text(text: string): this {
    return this.#add('.PP', escaped(text));
  }

  /** `name \- summary`, which apropos(1) reads. */
  name(name: string, summary: string): this {
    return this.#add('.SH NAME', `${escaped(name)} \\- ${escaped(summary)}`);
  }

  /** A term in bold and its meaning. */
  item(term: string, text: string): this {
    return this.#add('.TP', `.B ${quote(term)}`, escaped(text));
  }

  /** Command lines, verbatim. */
  example(...lines: readonly string[]): this {
    return this.#add('.PP', '.nf', '.RS 4', ...lines.map(escaped), '.RE', '.fi');
  }

  /** Related pages, such as likerd(8). */
  seeAlso(pages: readonly (readonly [name: string, section: string])[]): this {
    this.heading('SEE ALSO');
    const last = pages.length - 1;
    return this.#add(
      ...pages.map(([name, section], index) => `.BR ${quote(name)} (${section})${index < last ? ',' : ''}`),
    );
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  #add(...lines: readonly string[]): this {
    this.#lines.push(...lines);
    return this;
  }
}

export interface PageTitle {
  readonly name: string;
  readonly section: string;
  /** ISO date. */
  readonly date: string;
  readonly version: string;
}

/** A line that begins with a dot or an apostrophe would be a request, and a bare "-" would become a hyphen. groff(1) reads Latin-1. */
function escaped(text: string): string {
  const plain = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq')
    .replaceAll(/\P{ASCII}/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
    });
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}

/** An argument of a request. */
function quote(text: string): string {
  return `"${escaped(text).replaceAll('"', '\\(dq')}"`;
}
