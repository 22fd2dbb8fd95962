/** How long a client may take its last bytes before the shim, which still holds them, is released. */
export const drainMs = 5_000;

/** How long a client that an earlier daemon served may take to come back. */
export const reconnectMs = 10_000;

/** Pauses between attempts to give back what could not be given back at once. */
export const cleanUpPauses = { firstMs: 200, longestMs: 10_000 };
