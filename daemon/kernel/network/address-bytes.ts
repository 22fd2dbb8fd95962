import { isIPv4, isIPv6 } from 'node:net';

/** An IPv4 or IPv6 address in the network's byte order: 4 or 16 bytes. */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address) || address.includes('%')) throw new Error(`'${address}' is not an IP address`);
  const [head = '', tail] = address.split('::');
  const before = wordsOf(head);
  const after = tail === undefined ? [] : wordsOf(tail);
  const words = [...before, ...Array(8 - before.length - after.length).fill(0), ...after];
  const bytes = Buffer.alloc(16);
  for (const [index, word] of words.entries()) bytes.writeUInt16BE(word, index * 2);
  return bytes;
}

function wordsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((word) => {
    if (!word.includes('.')) return Number.parseInt(word, 16);
    const four = addressBytes(word);
    return [four.readUInt16BE(0), four.readUInt16BE(2)];
  });
}

/** The first and the last address of a subnet such as 10.0.0.0/24. */
export function subnetRange(subnet: string): { readonly first: Buffer; readonly last: Buffer } {
  const [address = '', length = ''] = subnet.split('/');
  const first = addressBytes(address);
  const last = Buffer.from(first);
  for (let bit = Number(length); bit < first.length * 8; bit++) {
    const at = bit >> 3;
    const mask = 0x80 >> (bit & 7);
    first[at] = (first[at] ?? 0) & ~mask;
    last[at] = (last[at] ?? 0) | mask;
  }
  return { first, last };
}
