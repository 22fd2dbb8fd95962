import { closeSync, readFileSync } from 'node:fs';
import { badArgument, LikerError } from '../../../../common/errors.ts';
import { bindPort, type FailedCall, sharePort } from '../../../native/libliker.ts';
import { holderOf } from './port-holder.ts';
import type { PortProtocol } from './state.ts';

export interface AskedPort {
  readonly protocol: PortProtocol;
  /** Each gets the same ports. 0.0.0.0 and ::: all of a family. */
  readonly hostAddresses: readonly string[];
  /** 0: any that is free at all of the addresses. */
  readonly hostPort: number;
  /** 1 or more ports in a row. */
  readonly length: number;
}

/** Ports of the host that nobody else can have as long as a socket is open: give these to a shim, and then dispose of them here. */
export class HeldPorts implements Disposable {
  readonly fds: readonly number[];
  /** The first port of each of those that were asked for, in their order. */
  readonly hostPorts: readonly number[];

  constructor(fds: readonly number[], hostPorts: readonly number[]) {
    this.fds = fds;
    this.hostPorts = hostPorts;
  }

  /** Until they are disposed of, a program can bind them as well that sets SO_REUSEADDR, as pasta does. */
  share(): void {
    for (const fd of this.fds) sharePort(fd);
  }

  [Symbol.dispose](): void {
    closeAll(this.fds);
  }
}

/** Tries for one number that is free at all addresses. */
const mostTries = 64;

/**
 * All or none. Throws PORT_IN_USE, BAD_ARGUMENT for an address that the host does not have, NETWORK_UNAVAILABLE for a protocol without kernel,
 * NOT_PERMITTED for a port that only root may open.
 */
export function holdPorts(asked: readonly AskedPort[]): HeldPorts {
  const fds: number[] = [];
  const hostPorts: number[] = [];
  try {
    for (const one of asked) hostPorts.push(one.hostPort === 0 ? holdAny(one, fds) : holdThese(one, fds));
  } catch (error) {
    closeAll(fds);
    throw error;
  }
  return new HeldPorts(fds, hostPorts);
}

function holdThese({ protocol, hostAddresses, hostPort, length }: AskedPort, fds: number[]): number {
  for (const address of hostAddresses)
    for (let port = hostPort; port < hostPort + length; port++) {
      const bound = bindPort(protocol, address, port);
      if ('errno' in bound) throw refusal(protocol, address, port, bound);
      fds.push(bound.fd);
    }
  return hostPort;
}

function holdAny(asked: AskedPort, fds: number[]): number {
  const { protocol, length } = asked;
  const [first = '', ...others] = asked.hostAddresses;
  for (let tries = 1; ; tries++) {
    const bound = bindPort(protocol, first, 0);
    if ('errno' in bound) throw refusal(protocol, first, 0, bound);
    const mine = [bound.fd];
    try {
      if (length > 1)
        holdThese({ ...asked, hostAddresses: [first], hostPort: bound.port + 1, length: length - 1 }, mine);
      holdThese({ ...asked, hostAddresses: others, hostPort: bound.port }, mine);
      fds.push(...mine);
      return bound.port;
    } catch (error) {
      closeAll(mine);
      const isTaken = error instanceof LikerError && error.reason === 'PORT_IN_USE';
      if (!isTaken || tries === mostTries) throw error;
    }
  }
}

function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}

function refusal(protocol: PortProtocol, address: string, port: number, { errno }: FailedCall): LikerError {
  const host = address.includes(':') ? `[${address}]` : address;
  const what = `Cannot publish port ${host}:${port}/${protocol}`;
  switch (errno) {
    case 'EADDRINUSE': {
      const holder = port === 0 ? '' : holderOf(protocol, port);
      const text = holder ? `${holder} has it` : 'another container or program has it';
      return new LikerError('PORT_IN_USE', `${what}: ${text}; choose another port, or end the other one`, {
        metadata: { address, port: String(port), protocol },
      });
    }
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return badArgument('ports', `${what}: this host does not have the address ${address}`);
    case 'EACCES':
      return new LikerError(
        'NOT_PERMITTED',
        `${what}: only root may open ports below ${firstOfUsers()}; choose another port, or run 'sudo sysctl -w net.ipv4.ip_unprivileged_port_start=${port}'`,
        { metadata: { address, port: String(port), protocol } },
      );
    case 'EPROTONOSUPPORT':
    case 'ESOCKTNOSUPPORT':
      return new LikerError(
        'NETWORK_UNAVAILABLE',
        `${what}: this kernel has no ${protocol.toUpperCase()}; run 'sudo modprobe ${protocol}', or use a kernel with it`,
      );
    default:
      return new LikerError('SYSCALL', `${what}: bind failed with ${errno}`, {
        syscall: { step: 'ports', syscall: 'bind', errno, object: `${host}:${port}` },
      });
  }
}

/** For IPv6, too. */
function firstOfUsers(): string {
  return readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'latin1').trim();
}
