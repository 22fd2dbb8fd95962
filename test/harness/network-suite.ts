import { after } from 'node:test';
import { NetBox, type NetBoxOptions } from './net-box.ts';
import { type Suite, suite } from './suite.ts';
import { hangMs } from './until.ts';

/** A likerd in a network that the test makes, whose containers are on the network bridge. */
export interface NetworkSuite extends Suite {
  readonly box: NetBox;
  /** A container that answers with its name at port 80, by IPv4 and IPv6. Its id. */
  server(name: string, flags?: readonly string[]): Promise<string>;
  /** Of a container on a network. */
  addressOf(container: string, network?: string, field?: string): Promise<string>;
}

const listen = 'TCP6-LISTEN:80,ipv6only=0,fork,reuseaddr';

export async function networkSuite(options: NetBoxOptions = {}): Promise<NetworkSuite> {
  const box = await NetBox.open(options);
  const s = suite({
    within: box.machine.within,
    args: ['--default-network', 'bridge'],
    programs: ['ip', 'busybox', 'socat', 'getent'],
  });
  after(() => box.close());
  const more = {
    box,
    server: (name: string, flags: readonly string[] = []) =>
      s.detached(['--name', name, ...flags], ['socat', listen, `SYSTEM:echo I am ${name}`]),
    addressOf: (container: string, network = 'bridge', field = 'IPAddress') =>
      s.ok(['inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").${field}}}`, container]),
  };
  // Its getters stay: there is no daemon before the tests begin.
  return Object.defineProperties(more, Object.getOwnPropertyDescriptors(s)) as NetworkSuite;
}

/** How long to wait for what comes only if it gets through: two seconds, and longer in a virtual machine. */
export const answerSeconds = Math.ceil(hangMs / 30_000);

/** Prints what the server at an address or name answers. `-u`: at the end of its input, socat would wait for half a second only. */
export function ask(place: string, port: number | string = 80): string {
  const seconds = 3 + answerSeconds;
  return `socat -u -T ${seconds} TCP:${place}:${port},connect-timeout=${seconds},retry=20,interval=0.1 -`;
}

/** Prints 'none' if nothing comes through. */
export function cannotReach(place: string): string {
  const seconds = answerSeconds / 2;
  return `socat -u -T ${seconds} TCP:${place}:80,connect-timeout=${seconds} - 2>/dev/null || echo none`;
}

/** For those who ask for names that nobody has: the name servers of the outside do not answer. */
export const quickNames = ['--dns-option', 'timeout:1', '--dns-option', 'attempts:1'];
