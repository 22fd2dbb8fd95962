import type { FileServiceDefinition } from '../../../proto/gen/types/liker/v1/FileService.ts';
import type { ImageServiceDefinition } from '../../../proto/gen/types/liker/v1/ImageService.ts';
import type { SessionOutputInput } from '../../../proto/gen/types/liker/v1/SessionOutput.ts';
import type { SessionServiceDefinition } from '../../../proto/gen/types/liker/v1/SessionService.ts';
import { leaveBehind } from '../../loop/garbage.ts';

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

/** The service with such an encoder for the bytes of archives. */
export function withFastFiles(service: FileServiceDefinition): FileServiceDefinition {
  const { ReadFiles, ExportFiles } = service;
  return {
    ...service,
    ReadFiles: { ...ReadFiles, responseSerialize: withFastBytes(1, ReadFiles.responseSerialize) },
    ExportFiles: { ...ExportFiles, responseSerialize: withFastBytes(1, ExportFiles.responseSerialize) },
  };
}

/** The service with such an encoder for the bytes of archives. */
export function withFastImages(service: ImageServiceDefinition): ImageServiceDefinition {
  const { SaveImages } = service;
  return {
    ...service,
    SaveImages: { ...SaveImages, responseSerialize: withFastBytes(2, SaveImages.responseSerialize) },
  };
}

type Serialize<Message> = (message: Message) => Buffer;

/** `field`: the number of the field `data`. */
function withFastBytes<Message>(field: number, general: Serialize<Message>): Serialize<Message> {
  return (message) => {
    const { data } = message as { readonly data?: Buffer };
    return data && data.length > 0 ? encodeBytes(lengthDelimited(field), data) : general(message);
  };
}

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

/** It and the copy that is sent are garbage soon. */
function encodeBytes(tag: number, data: Buffer): Buffer {
  leaveBehind(2 * data.length);
  const end = put(data);
  const at = headRoom - varintLength(data.length) - 1;
  scratch[at] = tag;
  writeVarint(scratch, at + 1, data.length);
  return scratch.subarray(at, end);
}

/** Where it ends in `scratch`. Room for what comes before it is `headRoom`. */
function put(data: Buffer): number {
  if (scratch.length < headRoom + data.length) scratch = Buffer.allocUnsafe(headRoom + data.length);
  data.copy(scratch, headRoom);
  return headRoom + data.length;
}

/** Written from the end, since each length precedes what it measures. */
function encodeChunk(tag: number, { offset, data }: Chunk): Buffer {
  const end = put(data);
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
