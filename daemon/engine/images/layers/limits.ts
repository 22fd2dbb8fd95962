/** More is taken for a bomb. The greatest images of the field have a tenth of both. */
export const layerLimits = { maxEntries: 10_000_000, maxBytes: 2 ** 40 };
