/** The traffic of one network interface, from /proc/PID/net/dev (proc(5)). */
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

/** Each line has eight figures for received and eight for sent traffic; the first four of each are those of Traffic. */
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

/** Figures of a process's network namespace: the file, and how to parse it. */
export function interfaceStats(pid: number): {
  readonly files: readonly string[];
  parse(texts: readonly (string | null)[]): readonly InterfaceStats[] | null;
} {
  return {
    files: [`/proc/${pid}/net/dev`],
    parse: ([text = null]) => (text === null ? null : parseNetDev(text)),
  };
}
