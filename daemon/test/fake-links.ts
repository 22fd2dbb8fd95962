import type { HostEnd, LinkEndpoint, LinkKernel } from '../engine/kernel.ts';
import type { Rate } from '../kernel/network/htb.ts';

/** Links of a host, without a kernel. */
export class FakeLinks implements LinkKernel {
  /** By name. */
  readonly links = new Map<
    string,
    { readonly index: number; readonly alias: string; readonly mtu: number }
  >();
  /** Routes of the host, by destination. */
  readonly routes = new Map([['0.0.0.0/0', 'uplink']]);
  /** What was made and taken away in containers that run. */
  readonly live: string[] = [];
  readonly forgotten: string[] = [];
  /** By the name of the host's end. */
  readonly rates = new Map<string, Rate>();
  problem = '';
  ipv6 = true;
  /** Thrown by the next connection of a container that runs. */
  failure: Error | null = null;
  #next = 10;

  linkProblem(): string {
    return this.problem;
  }

  async ensureBridge({ name, alias, mtu }: Parameters<LinkKernel['ensureBridge']>[0]): Promise<number> {
    const { index = this.#next++ } = this.links.get(name) ?? {};
    this.links.set(name, { index, alias, mtu });
    return index;
  }

  async connectLive(_process: object, { number, addresses }: LinkEndpoint): Promise<void> {
    const { failure } = this;
    this.failure = null;
    if (failure) throw failure;
    this.live.push(`eth${number} ${addresses.map(({ address }) => address).join(' ')}`);
  }

  async disconnectLive(_process: object, number: number): Promise<void> {
    this.live.push(`no eth${number}`);
  }

  async setDefaultRoutes(_process: object, gateways: readonly string[]): Promise<void> {
    this.live.push(`default ${gateways.join(' ')}`);
  }

  answerOnBridge(): void {}

  async moveLive(_process: object, { number, link }: LinkEndpoint): Promise<void> {
    this.live.push(`eth${number} ${link.kind === 'bridge' && link.routed ? 'routed' : 'bridged'}`);
  }

  async forgetPeer(): Promise<void> {}

  async forgetProxies(): Promise<void> {}

  async removeLink(name: string): Promise<void> {
    this.links.delete(name);
  }

  async cutLink(name: string): Promise<void> {
    this.links.delete(name);
  }

  async forgetAddresses(addresses: readonly string[]): Promise<void> {
    this.forgotten.push(...addresses);
  }

  rateProblem(): string {
    return this.problem;
  }

  async prepareSender({ name }: HostEnd, rate: Rate): Promise<number> {
    this.rates.set(name, rate);
    return 99;
  }

  async setRate({ name }: HostEnd, rate: Rate): Promise<Rate | null> {
    this.rates.set(name, rate);
    return rate;
  }

  async freeRate(name: string): Promise<void> {
    this.rates.delete(name);
  }

  async linkNamed(name: string) {
    const link = this.links.get(name);
    return link ? { ...link, master: 0 } : null;
  }

  async ownLinks(aliasPrefix: string) {
    return [...this.links]
      .filter(([, { alias }]) => alias.startsWith(aliasPrefix))
      .map(([name, { alias }]) => ({ name, alias }));
  }

  async hostRoutes() {
    return [...this.routes].map(([destination, link]) => ({ destination, link }));
  }

  async uplinkMtu(): Promise<number> {
    return 1450;
  }

  hasIpv6(): boolean {
    return this.ipv6;
  }
}
