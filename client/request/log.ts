import { parseBytes } from '../../common/units.ts';
import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { FlagValues } from '../cli/flag.ts';
import { splitPair } from './env.ts';
import { invalidFlag, unsupportedFlag } from './invalid-flag.ts';

type LogSpec = Pick<ContainerSpecInput, 'logDriver' | 'logFileBytes' | 'logFiles'>;

/** Options of Docker's drivers without effect here, where the log is written at once and nothing is dropped. */
const withoutEffect = ['mode', 'max-buffer-size'];

/** Parses --log-driver and --log-opt. Throws BAD_ARGUMENT. */
export function parseLog(flags: FlagValues): LogSpec {
  const driver = flags.text('log-driver') || 'local';
  if (!['local', 'json-file', 'none'].includes(driver)) {
    throw unsupportedFlag(
      'log-driver',
      driver,
      `use local or none, and forward the output of 'likerctl logs -f'`,
    );
  }
  let spec: LogSpec = { logDriver: driver === 'none' ? 'LOG_DRIVER_NONE' : 'LOG_DRIVER_UNSPECIFIED' };
  for (const item of flags.list('log-opt')) spec = { ...spec, ...parseOption(item) };
  return spec;
}

function parseOption(item: string): LogSpec {
  const [name, value] = splitPair(item, 'log-opt');
  if (name === 'max-size') return { logFileBytes: parseBytes(value, '--log-opt max-size') };
  if (name === 'max-file') return { logFiles: fileCount(item, value) };
  if (withoutEffect.includes(name) || (name === 'compress' && value === 'false')) return {};
  throw unsupportedFlag('log-opt', item, 'use max-size=BYTES or max-file=N');
}

function fileCount(item: string, value: string): number {
  if (/^\d{1,4}$/.test(value)) return Number(value);
  throw invalidFlag('log-opt', item, 'give a number of files, such as max-file=3');
}
