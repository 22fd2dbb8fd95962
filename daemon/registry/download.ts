import { ftruncate } from 'node:fs';
import { promisify } from 'node:util';
import type { ImageName } from '../../common/image-name.ts';
import { together } from '../loop/together.ts';
import type { Blob, Download } from './api.ts';
import { bytesFrom, NoRanges } from './blobs.ts';
import type { Call } from './call.ts';
import { FileWriter } from './file-writer.ts';
import { Gaps } from './gaps.ts';
import type { Host } from './hosts/host.ts';

const truncate = promisify(ftruncate);

/** What is shorter is not divided. */
const leastDivided = 32 * 1024 * 1024;
const partBytes = 8 * 1024 * 1024;
const connections = 4;

/**
 * Writes the rest of a blob into a file. What one host has sent is not asked of the next. If the rest is long, and one connection slow, it
 * comes by several: a server, or a proxy, often gives each only a share of what the network could carry.
 */
export async function downloadBlob(
  call: Call,
  name: ImageName,
  blob: Blob,
  download: Download,
  signal: AbortSignal,
): Promise<void> {
  let at = download.offset;
  const onBytes = (end: number): void => {
    at = end;
    download.onBytes(end);
  };
  await call.fromAny(
    'pull',
    async (host) => {
      const way = { call, host, name, blob, download: { ...download, onBytes }, signal };
      if ((await inOrder(way, at, true)) === 'divide' && !(await divided(way, at)))
        await inOrder(way, at, false);
    },
    signal,
  );
}

interface Way {
  readonly call: Call;
  readonly host: Host;
  readonly name: ImageName;
  readonly blob: Blob;
  readonly download: Download;
  readonly signal: AbortSignal;
}

/** By one connection. Stops when it turns out that several would be quicker. */
async function inOrder(
  { call, host, name, blob, download, signal }: Way,
  offset: number,
  mayDivide: boolean,
): Promise<'complete' | 'divide'> {
  const { rateMs, longRestMs } = call.timing;
  const writer = new FileWriter(download.fd, offset, download.onBytes);
  let canDivide = false;
  let begun: number | null = null;
  const part = {
    blob,
    offset,
    onRanges: () => {
      canDivide = mayDivide && download.onGaps !== undefined;
    },
  };
  try {
    for await (const chunk of bytesFrom(call, host, name, part, signal)) {
      begun ??= performance.now();
      await writer.write(chunk);
      const rest = blob.size - writer.end;
      if (!canDivide || rest < leastDivided) continue;
      const passedMs = performance.now() - begun;
      if (passedMs < rateMs) continue;
      if ((passedMs * rest) / (writer.end - offset) > longRestMs) return 'divide';
      canDivide = false;
    }
    return 'complete';
  } finally {
    await writer.flush();
  }
}

/** By several connections, part by part. False: the server sends no ranges after all. */
async function divided({ call, host, name, blob, download, signal }: Way, offset: number): Promise<boolean> {
  const gaps = new Gaps(offset, blob.size, partBytes);
  const tell = async (end: number | null): Promise<void> => download.onGaps?.(end);
  await tell(offset);
  const bring = async (either: AbortSignal): Promise<void> => {
    for (let part = gaps.take(); part !== null; part = gaps.take()) {
      const one = part;
      const before = gaps.whole;
      const writer = new FileWriter(download.fd, one.start, (end) => {
        const whole = gaps.whole;
        gaps.note(one, end);
        if (gaps.whole > whole) download.onBytes(gaps.whole);
      });
      try {
        const wanted = { blob, offset: one.start, end: one.end };
        for await (const chunk of bytesFrom(call, host, name, wanted, either)) await writer.write(chunk);
      } finally {
        await writer.flush();
      }
      if (gaps.whole > before) await tell(gaps.whole);
    }
  };
  try {
    await together(Array.from({ length: connections }), (_, either) => bring(either), signal);
    return true;
  } catch (error) {
    if (error instanceof NoRanges) return false;
    throw error;
  } finally {
    // What lies beyond a gap comes again.
    if (gaps.whole < blob.size) await truncate(download.fd, gaps.whole);
    await tell(null);
  }
}
