import type { SessionOutputInput } from '../../../proto/gen/types/liker/v1/SessionOutput.ts';
import type { SessionServiceDefinition } from '../../../proto/gen/types/liker/v1/SessionService.ts';

/** Room for tags, lengths and offset before the bytes of a chunk. */
const headRoom = 64;

/** Tags of the protobuf encoding (https://protobuf.dev/programming-guides/encoding). */
const varint = (field: number) => field << 3;
const lengthDelimited = (field: number) => (field << 3) | 2;

/** RunResponse, ExecResponse and AttachResponse have their output in the same field. */
const outputTag = lengthDelimited(1);
const sessionOutput = { stdoutTag: lengthDelimited(2), stderrTag: lengthDelimited(3) };
const outputChunk = { offsetTag: varint(1), dataTag: lengthDelimited(2) };

/** grpc-js copies the result of a serializer before it calls the next one, so one buffer serves all chunks. */
let scratch = Buffer.allocUnsafe(headRoom + 64 * 1024);

/** The session service with a hand-written encoder for chunks of output. Other frames use the generated one. */
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
    if (output.stdout) return encodeChunk(sessionOutput.stdoutTag, output.stdout as Chunk);
    if (output.stderr) return encodeChunk(sessionOutput.stderrTag, output.stderr as Chunk);
    return general(message);
  };
}

interface Chunk {
  readonly offset: number;
  readonly data: Buffer;
}

/** Written from the end, since each length precedes what it measures. */
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
  prefix(outputChunk.dataTag, data.length);
  prefix(outputChunk.offsetTag, offset);
  prefix(tag, end - at);
  prefix(outputTag, end - at);
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
