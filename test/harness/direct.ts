/** likerctl has its bytes from the shim (docs/adr/0050): its sessions do not notice that likerd is lost. */
export const isDirect = process.env['LIKER_BYTES'] === 'direct';

/** Waits for what a client says when it loses likerd, or finds it again. */
export async function clientSays(wait: () => Promise<unknown>): Promise<void> {
  if (!isDirect) await wait();
}
