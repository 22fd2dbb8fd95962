import { badArgument } from '../../common/errors.ts';
import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { Invocation } from '../cli/command.ts';
import type { Flag, FlagValues } from '../cli/flag.ts';
import { printExplanation } from './explain.ts';
import { requireNewFile } from './id-files.ts';

/** Flags of the commands that make a container. */
export const dryRunFlags: readonly Flag[] = [
  { name: 'dry-run', type: 'bool', help: 'Check everything, print what would be done, and make nothing' },
  { name: 'format', type: 'string', value: 'FORMAT', help: 'With --dry-run: json, or a template' },
];

/** Whether only to explain. Throws BAD_ARGUMENT for a flag that then has no meaning. */
export function isDryRun(flags: FlagValues): boolean {
  const dry = flags.bool('dry-run');
  if (!dry && flags.has('format')) throw badArgument('format', 'Cannot use --format without --dry-run');
  return dry;
}

/** Prints what `run` or `create` would do with the spec. Returns the exit code. */
export async function dryRun({ flags, context }: Invocation, spec: ContainerSpecInput): Promise<number> {
  requireNewFile(flags);
  const connection = await context.connect();
  return printExplanation(connection, { spec, replace: flags.bool('replace') }, flags.text('format'));
}
