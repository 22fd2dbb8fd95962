import { type FindFolder, type StatsGroup, statsIn } from './group.ts';

/** Reads from and writes to one block device. */
export interface DeviceIo {
  /** MAJOR:MINOR. */
  readonly device: string;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly readOps: number;
  readonly writeOps: number;
}

/** io.stat: "254:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0". */
export function parseIoV2(text: string | null): DeviceIo[] | null {
  if (text === null) return null;
  return text
    .split('\n')
    .filter((line) => line.includes('rbytes='))
    .map((line) => {
      const value = (key: string) =>
        Number.parseInt(line.slice(line.indexOf(` ${key}=`) + key.length + 2), 10);
      return {
        device: line.slice(0, line.indexOf(' ')),
        readBytes: value('rbytes'),
        writeBytes: value('wbytes'),
        readOps: value('rios'),
        writeOps: value('wios'),
      };
    });
}

/** Parses one of v1's files: lines "254:0 Read 4096", "254:0 Write 0", …, and "Total 4096" at the end. */
function readsAndWrites(text: string): Map<string, { Read: number; Write: number }> {
  const devices = new Map<string, { Read: number; Write: number }>();
  for (const line of text.split('\n')) {
    const [device = '', operation, value] = line.split(' ');
    if (operation !== 'Read' && operation !== 'Write') continue;
    const found = devices.get(device) ?? { Read: 0, Write: 0 };
    found[operation] = Number(value);
    devices.set(device, found);
  }
  return devices;
}

/** blkio.throttle.io_service_bytes_recursive and blkio.throttle.io_serviced_recursive. */
export function parseIoV1(bytes: string | null, operations: string | null): DeviceIo[] | null {
  if (bytes === null || operations === null) return null;
  const ops = readsAndWrites(operations);
  return [...readsAndWrites(bytes)].map(([device, { Read, Write }]) => ({
    device,
    readBytes: Read,
    writeBytes: Write,
    readOps: ops.get(device)?.Read ?? 0,
    writeOps: ops.get(device)?.Write ?? 0,
  }));
}

export function ioStats(find: FindFolder): StatsGroup<DeviceIo[] | null> {
  const folder = find('io');
  if (folder?.version === 2) return statsIn(folder, ['io.stat'], ([text = null]) => parseIoV2(text));
  const files = ['blkio.throttle.io_service_bytes_recursive', 'blkio.throttle.io_serviced_recursive'];
  return statsIn(folder, files, ([bytes = null, operations = null]) => parseIoV1(bytes, operations));
}
