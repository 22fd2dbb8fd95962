import { randomUUID } from 'node:crypto';

/** A new id for a call that changes something, with which it can be repeated. */
export const requestId = (): string => randomUUID();
