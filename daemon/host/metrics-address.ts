/** Where metrics are served. */
export type MetricsAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Parses PORT (on the loopback interface), HOST:PORT, [IPV6]:PORT or unix:PATH. Throws an Error whose message is for the user. */
export function parseMetricsAddress(text: string): MetricsAddress {
  const path = /^unix:(?:\/\/)?(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new Error(
      `Invalid --metrics-addr '${text}': give a port such as 9464, 127.0.0.1:9464, [::1]:9464 or unix:/PATH`,
    );
  }
  return { kind: 'tcp', host: match[1] ?? match[2] ?? '127.0.0.1', port };
}
