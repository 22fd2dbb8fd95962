import type { SessionOutputInput } from '../../../../proto/gen/types/liker/v1/SessionOutput.ts';
import type { OutputFrame } from '../../../engine/sessions/frames.ts';
import { formatExit } from './exit.ts';

export function formatOutput(frame: OutputFrame): SessionOutputInput {
  switch (frame.kind) {
    case 'ready':
      return { ready: frame };
    case 'stdout':
      return { stdout: frame };
    case 'stderr':
      return { stderr: frame };
    case 'stdin-ack':
      return { stdinAck: { offset: frame.offset } };
    case 'warning':
      return { warning: { reason: frame.reason, message: frame.message } };
    case 'output-end':
      return { outputEnd: {} };
    case 'exit':
      return { exit: formatExit(frame.exit) };
    case 'detached':
      return { detached: {} };
  }
}
