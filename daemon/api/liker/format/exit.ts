import type { ExitStatusInput } from '../../../../proto/gen/types/liker/v1/ExitStatus.ts';
import type { ExitStatus } from '../../../engine/process/exit-status.ts';
import { timestampOfMs } from './time.ts';

export function formatExit(exit: ExitStatus): ExitStatusInput {
  return {
    ...exit,
    startedAt: exit.startedAt === null ? null : timestampOfMs(exit.startedAt),
    exitedAt: timestampOfMs(exit.exitedAt),
  };
}
