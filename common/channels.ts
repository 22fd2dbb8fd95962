import { channel } from 'node:diagnostics_channel';

// Channels for metrics. Unless likerd serves metrics, nothing subscribes and publishing costs one comparison.

/** An API call that has ended. */
export interface AnsweredCall {
  readonly method: string;
  /** The name of the gRPC status. */
  readonly code: string;
  /** The duration of the call; of a stream, how long it was open. */
  readonly ms: number;
}

/** An event that was stored. */
export interface StoredEvent {
  readonly action: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export const answeredCalls = channel('liker:answered-call');
export const storedEvents = channel('liker:stored-event');
