import { randomBytes } from 'node:crypto';
import { badArgument } from '../../../common/errors.ts';

/**
 * A session's id: sixteen hexadecimal digits, which are a 64-bit number to the shim. The first bit says whether the client is the one
 * that the process was started for, so that the next daemon knows it, too.
 */
export function newSessionId(client: 'initiator' | 'onlooker'): string {
  const id = randomBytes(8);
  id.writeUInt8((id.readUInt8(0) & 0x7f) | (client === 'onlooker' ? 0x80 : 0), 0);
  return id.toString('hex');
}

export function isOnlooker(sessionId: string): boolean {
  return /^[89a-f]/.test(sessionId);
}

/** Checks the id that a client gives to resume its session. Throws BAD_ARGUMENT. */
export function checkSessionId(id: string): string {
  if (/^[0-9a-f]{16}$/.test(id)) return id;
  throw badArgument(
    'start.resume.session_id',
    `Cannot resume session '${id}': a session id has sixteen hexadecimal digits`,
  );
}

export function sessionNumber(id: string): bigint {
  return BigInt(`0x${id}`);
}

export function sessionIdOf(number: bigint): string {
  return number.toString(16).padStart(16, '0');
}
