import type { SessionOutputInput } from '../../../proto/gen/types/liker/v1/SessionOutput.ts';
import type { SessionServiceDefinition } from '../../../proto/gen/types/liker/v1/SessionService.ts';

/** Room for the tags, lengths and offset before the bytes of a chunk. */
const headRoom = 64;
const stdoutTag = (2 << 3) | 2;
const stderrTag = (3 << 3) | 2;

/** grpc-js copies what a serializer answers before it calls any again, so one buffer serves all chunks. */
let scratch = Buffer.allocUnsafe(headRoom + 64 * 1024);

/**
 * The session service with output chunks written by hand: the general encoder makes several objects and copies of each
 * chunk, which is what bounds the throughput of a session. Other frames are left to it.
 */
export function withFastOutput(service: SessionServiceDefinition): SessionServiceDefinition {
  return {
    ...service,
    Run: { ...service.Run, responseSerialize: withFastChunks(service.Run.responseSerialize) },
    Exec: { ...service.Exec, responseSerialize: withFastChunks(service.Exec.responseSerialize) },
    Attach: { ...service.Attach, responseSerialize: withFastChunks(service.Attach.responseSerialize) },
  };
}

type Serialize<Message> = (message: Message) => Buffer;

function withFastChunks<Message>(general: Serialize<Message>): Serialize<Message> {
  return (message) => {
    const { output } = message as { readonly output: SessionOutputInput };
    if (output.stdout) return encodeChunk(stdoutTag, output.stdout as Chunk);
    if (output.stderr) return encodeChunk(stderrTag, output.stderr as Chunk);
    return general(message);
  };
}

interface Chunk {
  readonly offset: number;
  readonly data: Buffer;
}

/**
 * RunResponse { output = 1: SessionOutput { stdout = 2 | stderr = 3: OutputChunk { offset = 1, data = 2 } } }. The
 * lengths come before what they measure, so it is written from its end.
 */
function encodeChunk(tag: number, { offset, data }: Chunk): Buffer {
  if (scratch.length < headRoom + data.length) scratch = Buffer.allocUnsafe(headRoom + data.length);
  const end = headRoom + data.length;
  data.copy(scratch, headRoom);
  let at = headRoom;
  const prefix = (fieldTag: number, value: number) => {
    at -= varintLength(value);
    writeVarint(scratch, at, value);
    scratch[--at] = fieldTag;
  };
  prefix((2 << 3) | 2, data.length);
  prefix(1 << 3, offset);
  prefix(tag, end - at);
  prefix((1 << 3) | 2, end - at);
  return scratch.subarray(at, end);
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

function writeVarint(buffer: Buffer, at: number, value: number): void {
  let rest = value;
  let position = at;
  for (; rest >= 128; rest = Math.floor(rest / 128)) buffer[position++] = (rest % 128) | 128;
  buffer[position] = rest;
}
