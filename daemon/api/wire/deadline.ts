import { subscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders } from 'node:http2';
import { LikerError } from '../../../common/errors.ts';
import { own } from '../../../common/own.ts';

const header = 'grpc-timeout';
const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000 };
/** The longest delay of setTimeout, about 24.8 days. grpc-js treats a more distant deadline as one that has passed. */
export const longestDelayMs = 2 ** 31 - 1;

/** Removes deadlines beyond the reach of a timer. The client's own timer, or the end of its connection, ends such a call. */
export function liftDistantDeadlines(): void {
  subscribe('http2.server.stream.created', (message) => {
    const { headers } = message as { readonly headers: IncomingHttpHeaders };
    const [, count = '', unit = ''] = /^(\d{1,8}) *([HMSm])$/.exec(String(headers[header] ?? '')) ?? [];
    if (Number(count) * (own(unitsMs, unit) ?? 1) > longestDelayMs) delete headers[header];
  });
}

/** Throws TIMED_OUT when the deadline has passed: grpc-js has answered the client, but still calls the handler. */
export function checkDeadline(call: { getDeadline(): Date | number }): void {
  if (Number(call.getDeadline()) <= Date.now()) {
    throw new LikerError('TIMED_OUT', 'The deadline passed before the call was processed; nothing was done');
  }
}
