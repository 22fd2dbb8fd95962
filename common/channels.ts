import { channel } from 'node:diagnostics_channel';

// What happens, for whoever counts it: nobody unless likerd was told to serve metrics, and then it costs a comparison.

/** A call of the API is over. */
export interface AnsweredCall {
  readonly method: string;
  /** Name of the gRPC status. */
  readonly code: string;
  /** From its beginning; of a stream, as long as it was open. */
  readonly ms: number;
}

/** An event was stored. */
export interface StoredEvent {
  readonly action: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export const answeredCalls = channel('liker:answered-call');
export const storedEvents = channel('liker:stored-event');
