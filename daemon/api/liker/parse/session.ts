import { badArgument } from '../../../../common/errors.ts';
import { parseSignal } from '../../../../common/signals.ts';
import { maxStdinChunkBytes } from '../../../../common/sizes.ts';
import type { AttachStart } from '../../../../proto/gen/types/liker/v1/AttachStart.ts';
import type { SessionInput } from '../../../../proto/gen/types/liker/v1/SessionInput.ts';
import type { SessionResume } from '../../../../proto/gen/types/liker/v1/SessionResume.ts';
import type { AttachOptions, InputFrame } from '../../../engine/sessions/frames.ts';
import { parseTerminalSize } from './process.ts';
import { inRange, noNul, required } from './text.ts';

/** Null for a frame that this version does not know: a newer client's. */
export function parseInput(input: SessionInput): InputFrame | null {
  switch (input.frame) {
    case 'stdin': {
      const { offset = 0, data = Buffer.alloc(0) } = input.stdin ?? {};
      return {
        kind: 'stdin',
        offset: inRange(offset, 'input.stdin.offset'),
        data: checkStdin(data, 'input.stdin.data'),
      };
    }
    case 'resize': {
      const size = parseTerminalSize(input.resize ?? null, 'input.resize');
      return size && { kind: 'resize', size };
    }
    case 'signal':
      return { kind: 'signal', signal: parseSignal(input.signal?.signal ?? '', 'input.signal.signal') };
    case 'closeStdin':
      return { kind: 'close-stdin' };
    case 'channelRefused':
      return { kind: 'channel-refused' };
    case 'outputTaken':
      return { kind: 'output-taken' };
    case 'detach':
      return { kind: 'detach' };
    default:
      return null;
  }
}

export function checkStdin(data: Buffer, field: string): Buffer {
  if (data.length > maxStdinChunkBytes) {
    throw badArgument(
      field,
      `Invalid ${field}: ${data.length} bytes; send at most ${maxStdinChunkBytes} at a time`,
    );
  }
  return data;
}

export function parseAttach(start: AttachStart): AttachOptions {
  return {
    processId: noNul(start.processId, 'start.process_id') || 'main',
    readOnly: start.readOnly,
    replay: !start.noReplay,
    resume: parseResume(start.resume),
    terminalSize: parseTerminalSize(start.terminalSize, 'start.terminal_size'),
    start: start.startContainer,
  };
}

function parseResume(resume: SessionResume | null): AttachOptions['resume'] {
  if (resume === null) return null;
  return {
    sessionId: required(resume.sessionId, 'start.resume.session_id'),
    stdoutOffset: inRange(resume.stdoutOffset, 'start.resume.stdout_offset'),
    stderrOffset: inRange(resume.stderrOffset, 'start.resume.stderr_offset'),
    direct: resume.direct,
  };
}
