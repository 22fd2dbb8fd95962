import { type Piece, splitTemplate, type Token, templateError } from './template-lexer.ts';

/** Commands, each of which passes its result to the next as the last argument. */
export type Pipeline = readonly (readonly Operand[])[];

export type Operand =
  | Exclude<Token, { kind: 'sign' | 'close' }>
  | { readonly kind: 'group'; readonly pipeline: Pipeline; readonly path: readonly string[] };

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipeline: Pipeline }
  | { readonly kind: 'assign'; readonly name: string; readonly pipeline: Pipeline }
  | Block;

export interface Block {
  readonly kind: 'if' | 'range' | 'with';
  readonly pipeline: Pipeline;
  /** The names in `range $index, $element :=`. */
  readonly variables: readonly string[];
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

/** Parses a template into its tree. Throws BAD_ARGUMENT. */
export function parseTemplate(source: string): readonly Node[] {
  const parser = new TemplateParser(splitTemplate(source));
  const { nodes, end } = parser.nodes();
  if (end !== undefined) throw templateError(`{{${end}}} has no beginning`);
  return nodes;
}

interface NodeList {
  readonly nodes: Node[];
  /** The word that ended the list, `end` or `else`; undefined at the end of the template. */
  readonly end: string | undefined;
  /** The tokens after that word. */
  readonly rest: readonly Token[];
}

class TemplateParser {
  readonly #pieces: readonly Piece[];
  #index = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  nodes(): NodeList {
    const nodes: Node[] = [];
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
      if (piece.kind === 'text') {
        if (piece.text !== '') nodes.push(piece);
        continue;
      }
      const [first, ...rest] = piece.tokens;
      if (first === undefined) continue;
      if (first.kind !== 'word') nodes.push(parseAction(piece.tokens));
      else if (first.text === 'end' || first.text === 'else') return { nodes, end: first.text, rest };
      else if (isBlockWord(first.text)) nodes.push(this.#block(first.text, rest));
      else nodes.push(parseAction(piece.tokens));
    }
    return { nodes, end: undefined, rest: [] };
  }

  #block(kind: Block['kind'], head: readonly Token[]): Block {
    const { variables, tokens } = splitVariables(head);
    const pipeline = parsePipeline(tokens);
    const body = this.nodes();
    return { kind, pipeline, variables, body: body.nodes, otherwise: this.#otherwise(kind, body) };
  }

  #otherwise(kind: string, { end, rest }: NodeList): readonly Node[] {
    if (end === undefined) throw templateError(`{{${kind}}} has no {{end}}`);
    if (end === 'end') return [];
    const [word, ...head] = rest;
    if (word?.kind === 'word' && isBlockWord(word.text)) return [this.#block(word.text, head)];
    const other = this.nodes();
    if (other.end !== 'end') throw templateError(`{{${kind}}} has no {{end}}`);
    return other.nodes;
  }

  #next(): Piece | undefined {
    return this.#pieces[this.#index++];
  }
}

function isBlockWord(text: string): text is Block['kind'] {
  return text === 'if' || text === 'range' || text === 'with';
}

function parseAction(tokens: readonly Token[]): Node {
  const { variables, tokens: rest } = splitVariables(tokens);
  const pipeline = parsePipeline(rest);
  const [name] = variables;
  return name === undefined ? { kind: 'output', pipeline } : { kind: 'assign', name, pipeline };
}

function splitVariables(tokens: readonly Token[]): { variables: string[]; tokens: readonly Token[] } {
  const at = tokens.findIndex(
    (token) => token.kind === 'sign' && (token.text === ':=' || token.text === '='),
  );
  if (at === -1) return { variables: [], tokens };
  const variables = tokens.slice(0, at).flatMap((token) => (token.kind === 'variable' ? [token.name] : []));
  return { variables, tokens: tokens.slice(at + 1) };
}

function parsePipeline(tokens: readonly Token[]): Pipeline {
  const queue = [...tokens];
  const pipeline = readPipeline(queue);
  if (queue.length > 0) throw templateError('a ) has no (');
  return pipeline;
}

/** Reads to the end, or to a closing parenthesis, which stays in the queue. */
function readPipeline(queue: Token[]): Pipeline {
  const commands: Operand[][] = [[]];
  for (let token = queue[0]; token !== undefined; token = queue[0]) {
    if (token.kind === 'close') break;
    queue.shift();
    if (token.kind !== 'sign') commands.at(-1)?.push(token);
    else if (token.text === '|') commands.push([]);
    else if (token.text === '(') commands.at(-1)?.push(readGroup(queue));
    else throw templateError(`'${token.text}' stands where a value is expected`);
  }
  if (commands.some((command) => command.length === 0)) throw templateError('a value is missing');
  return commands;
}

function readGroup(queue: Token[]): Operand {
  const pipeline = readPipeline(queue);
  const close = queue.shift();
  if (close?.kind !== 'close') throw templateError('a ( has no )');
  return { kind: 'group', pipeline, path: close.path };
}
