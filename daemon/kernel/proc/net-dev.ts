/** What has passed one network interface, as /proc/PID/net/dev counts it (proc(5)). */
export interface InterfaceStats {
  readonly name: string;
  readonly received: Traffic;
  readonly sent: Traffic;
}

interface Traffic {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
}

/** Eight figures of what was received, then eight of what was sent; of both the first four are those of Traffic. */
export function parseNetDev(text: string): InterfaceStats[] {
  return text
    .split('\n')
    .filter((line) => line.includes(':'))
    .map((line) => {
      const colon = line.indexOf(':');
      const values = line
        .slice(colon + 1)
        .trim()
        .split(/ +/)
        .map(Number);
      return { name: line.slice(0, colon).trim(), received: traffic(values, 0), sent: traffic(values, 8) };
    });
}

function traffic(values: readonly number[], at: number): Traffic {
  const [bytes = 0, packets = 0, errors = 0, dropped = 0] = values.slice(at, at + 4);
  return { bytes, packets, errors, dropped };
}

/** Figures of the network namespace that a process is in: the file, and what it says. */
export function interfaceStats(pid: number): {
  readonly files: readonly string[];
  parse(texts: readonly (string | null)[]): readonly InterfaceStats[] | null;
} {
  return {
    files: [`/proc/${pid}/net/dev`],
    parse: ([text = null]) => (text === null ? null : parseNetDev(text)),
  };
}
