import type { TerminalSize } from '../../../engine/process/spec.ts';
import { type Call, numberOf } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';

/** Rows and columns, in this order. Null where there are none. */
export function sizeOf(pair: readonly number[] | null): TerminalSize | null {
  const [rows = 0, columns = 0] = pair ?? [];
  if (!isPart(rows) || !isPart(columns))
    throw new HttpError(400, 'Invalid size: give 0 to 65535 rows and columns');
  return rows === 0 || columns === 0 ? null : { columns, rows, xPixels: 0, yPixels: 0 };
}

/** As h and w of a query. */
export function sizeOfQuery(call: Pick<Call, 'query'>): TerminalSize | null {
  return sizeOf([numberOf(call, 'h') ?? 0, numberOf(call, 'w') ?? 0]);
}

function isPart(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}
