import { own } from '../../common/own.ts';
import { isMap, isTrue, lookUp, pairs, show, templateFunctions } from './template-functions.ts';
import { templateError } from './template-lexer.ts';
import { type Block, type Node, type Operand, type Pipeline, parseTemplate } from './template-parser.ts';

/** Renders data. */
export type Template = (data: unknown) => string;

/**
 * Compiles a template in Go's syntax. Compiling and rendering throw BAD_ARGUMENT. With `strict`, a missing field is an error
 * instead of "<no value>".
 */
export function compileTemplate(source: string, { strict = false } = {}): Template {
  const nodes = parseTemplate(source);
  return (data) => {
    return renderAll(nodes, { dot: data, variables: new Map([['$', data]]), strict });
  };
}

interface Scope {
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
  /** A missing field of a record is an error. */
  readonly strict: boolean;
}

function renderAll(nodes: readonly Node[], scope: Scope): string {
  return nodes.map((node) => render(node, scope)).join('');
}

function render(node: Node, scope: Scope): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'output':
      return show(evaluate(node.pipeline, scope));
    case 'assign':
      scope.variables.set(node.name, evaluate(node.pipeline, scope));
      return '';
    case 'range':
      return renderRange(node, scope);
    case 'if':
    case 'with':
      return renderChoice(node, scope);
  }
}

function renderChoice(block: Block, scope: Scope): string {
  const value = evaluate(block.pipeline, scope);
  if (!isTrue(value)) return renderAll(block.otherwise, scope);
  return renderAll(block.body, inner(scope, block.kind === 'with' ? value : scope.dot, block, [value]));
}

function renderRange(block: Block, scope: Scope): string {
  const elements = pairs(evaluate(block.pipeline, scope));
  if (elements.length === 0) return renderAll(block.otherwise, scope);
  return elements
    .map(([key, item]) => {
      const values = block.variables.length === 1 ? [item] : [key, item];
      return renderAll(block.body, inner(scope, item, block, values));
    })
    .join('');
}

function inner(scope: Scope, dot: unknown, { variables }: Block, values: readonly unknown[]): Scope {
  const own = variables.map((name, index): [string, unknown] => [name, values[index]]);
  return { ...scope, dot, variables: new Map([...scope.variables, ...own]) };
}

function evaluate(pipeline: Pipeline, scope: Scope): unknown {
  let piped: readonly unknown[] = [];
  for (const command of pipeline) piped = [evaluateCommand(command, scope, piped)];
  return piped[0];
}

function evaluateCommand(
  [first, ...rest]: readonly Operand[],
  scope: Scope,
  piped: readonly unknown[],
): unknown {
  if (first === undefined) throw templateError('a value is missing');
  const args = [...rest.map((operand) => operandValue(operand, scope)), ...piped];
  if (first.kind === 'word') return callFunction(first.text, args);
  const value = operandValue(first, scope);
  if (typeof value === 'function') return (value as (...args: unknown[]) => unknown)(...args);
  if (args.length > 0) throw templateError(`${show(value)} takes no arguments`);
  return value;
}

function callFunction(name: string, args: readonly unknown[]): unknown {
  const called = own(templateFunctions, name);
  if (called === undefined) throw templateError(`there is no function '${name}'`);
  return called(...args);
}

function operandValue(operand: Operand, scope: Scope): unknown {
  switch (operand.kind) {
    case 'literal':
      return operand.value;
    case 'field':
      return follow(scope, scope.dot, operand.path);
    case 'variable':
      if (!scope.variables.has(operand.name)) throw templateError(`there is no variable ${operand.name}`);
      return follow(scope, scope.variables.get(operand.name), operand.path);
    case 'group':
      return follow(scope, evaluate(operand.pipeline, scope), operand.path);
    case 'word':
      return callFunction(operand.text, []);
  }
}

function follow({ strict }: Scope, start: unknown, path: readonly string[]): unknown {
  return path.reduce((value, key) => {
    const found = lookUp(value, key);
    if (found === undefined && strict && typeof value === 'object' && value !== null && !isMap(value)) {
      throw templateError(`there is no field .${key}`);
    }
    return found;
  }, start);
}
