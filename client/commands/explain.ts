import type { ExplainContainerRequestInput } from '../../proto/gen/types/liker/v1/ExplainContainerRequest.ts';
import type { Command } from '../cli/command.ts';
import type { Connection } from '../connection/connection.ts';
import { containers } from '../connection/methods.ts';
import { explanationLines, explanationRecord } from '../format/explanation.ts';
import { recordFormat } from '../format/record-format.ts';
import { notice } from '../output/notice.ts';
import { printLines, printText } from '../output/print.ts';

export const explain: Command = {
  name: 'explain',
  usage: 'CONTAINER',
  summary: 'Print the steps by which the container is started, in order, and what it could do to the host',
  example: "likerctl explain --format '{{range .Risks}}{{println .Severity .Text}}{{end}}' web",
  flags: [{ name: 'format', short: 'f', type: 'string', value: 'FORMAT', help: 'json, or a template' }],
  operands: [1, 1],
  async run({ flags, operands: [container = ''], context }) {
    return printExplanation(await context.connect(), { container }, flags.text('format'));
  },
};

/** Prints what a start would do. Returns the exit code. `format`: json, a template, or none for a person. */
export async function printExplanation(
  connection: Connection,
  request: ExplainContainerRequestInput,
  format = '',
): Promise<number> {
  const show = format === '' ? null : recordFormat(format);
  const record = explanationRecord(await connection.unary(containers.ExplainContainer, request));
  for (const warning of record.Warnings) notice(warning);
  if (show) printText(`${show(record)}\n`);
  else printLines(explanationLines(record));
  return 0;
}
