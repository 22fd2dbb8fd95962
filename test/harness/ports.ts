// Servers in containers that say who asks, and what asks them.

/** Answers at these ports, TCP and UDP, with its name and the address that it sees its guest at. */
export const serve = (name: string, ports: readonly number[]): string[] => [
  'sh',
  '-c',
  [
    ...ports.map(
      (port) =>
        `socat TCP6-LISTEN:${port},ipv6only=0,fork,reuseaddr 'SYSTEM:read line; echo ${name} $SOCAT_PEERADDR' &`,
    ),
    ...ports.map(
      (port) => `socat UDP6-RECVFROM:${port},ipv6only=0,fork 'SYSTEM:echo ${name} $SOCAT_PEERADDR' &`,
    ),
    'wait',
  ].join('\n'),
];

/** Ends when they answer, in the same container. */
export const served = (ports: readonly number[]): string[] => [
  'sh',
  '-c',
  ports
    .map(
      (port) =>
        `until socat -u - TCP:127.0.0.1:${port} && socat -u - UDP:127.0.0.1:${port} </dev/null; do sleep 0.02; done`,
    )
    .join('\n'),
];

/** Over TCP nothing is closed before the answer is there, since pasta of Debian 12 may lose it then. Over UDP a server loses some questions. */
export const asks = (protocol: string, address: string, port: number): string => {
  const place = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  return protocol === 'tcp'
    ? `timeout 5 bash -c 'exec 3<>/dev/tcp/${address}/${port}; echo x >&3; cat <&3' 2>&1`
    : `for try in 1 2 3 4; do answer=$(echo x | socat -t1 -T1 - UDP:${place} 2>&1); [ -z "$answer" ] || break; done; echo "$answer"`;
};

/** IPv4 addresses as IPv6 ones, in brackets, are made plain; a refusal is one word. */
export function plain(answer: string): string {
  if (/refused/.test(answer)) return 'refused';
  if (answer === '' || /timed out/.test(answer)) return 'silence';
  const [name, address = ''] = answer.trim().split(' ');
  return `${name} ${address
    .replace(/^\[|\]$/g, '')
    .replace(/^0000:0000:0000:0000:0000:ffff:/, '')
    .replace(/^([0-9a-f]{2})([0-9a-f]{2}):([0-9a-f]{2})([0-9a-f]{2})$/, (_, ...parts) =>
      parts
        .slice(0, 4)
        .map((part) => Number.parseInt(part, 16))
        .join('.'),
    )}`;
}
