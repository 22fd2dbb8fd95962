// The kernel's table of neighbours (arp(7), linux/neighbour.h).
import type { NetworkPlace } from '../../native/libliker.ts';
import { addressBytes, addressText, familyOf } from './address.ts';
import { ask, tryAsking } from './ask.ts';
import { attributesOf, flag, message, type Request } from './netlink.ts';

/** struct ndmsg: u8 family, 3 bytes, int index, u16 state, u8 flags, u8 type. */
const neighbourBytes = 12;
/** NDA_DST. */
const ofAddress = 1;

/** What neighbours of a link are: all, or those with these addresses. */
export async function forgetNeighbours(
  place: NetworkPlace,
  link: number,
  addresses?: readonly string[],
): Promise<void> {
  // The kernel may have forgotten it.
  for (const address of addresses ?? (await neighboursOf(place, link)))
    await tryAsking(place, [neighbourRemoval(address, link)]);
}

async function neighboursOf(place: NetworkPlace, link: number): Promise<string[]> {
  const request = { type: message.getNeighbour, flags: flag.dump, body: Buffer.alloc(neighbourBytes) };
  const answers = await ask(place, 'list the neighbours', [request]);
  return answers.flatMap(({ type, payload }) => {
    const address = attributesOf(payload, neighbourBytes).get(ofAddress);
    const isOfLink = type === message.newNeighbour && payload.readInt32LE(4) === link;
    return isOfLink && address !== undefined ? [addressText(address)] : [];
  });
}

export function neighbourRemoval(address: string, link: number): Request {
  const body = Buffer.alloc(neighbourBytes);
  body.writeUInt8(familyOf(address), 0);
  body.writeInt32LE(link, 4);
  return {
    type: message.deleteNeighbour,
    flags: flag.acknowledge,
    body,
    attributes: [{ type: ofAddress, value: addressBytes(address) }],
  };
}
