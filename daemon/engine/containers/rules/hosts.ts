import { isIP } from 'node:net';
import { badArgument, invalid } from '../../../../common/errors.ts';
import { hostGateway } from '../model/hostname.ts';
import type { ContainerSpec } from '../model/spec.ts';

const hostPattern = /^[a-zA-Z0-9_]([a-zA-Z0-9._-]{0,252}[a-zA-Z0-9_])?$/;
const nodePattern = /^[a-zA-Z0-9_]([a-zA-Z0-9._-]{0,62}[a-zA-Z0-9_])?$/;

/** Host and domain name as uname(2) holds them: at most 64 characters. Empty stays empty. */
export function checkNames(spec: ContainerSpec): void {
  for (const name of ['hostname', 'domainname'] as const) {
    const [field, text] = [`spec.${name}`, spec[name]];
    if (text === '') continue;
    if (spec.namespaces.uts.kind === 'host')
      throw badArgument(
        field,
        `Cannot set the ${name}: the container shares the host's UTS namespace, and this would change the host's`,
      );
    if (!nodePattern.test(text))
      throw invalid(
        field,
        text,
        "use letters, digits, '-', '_' and '.', at most 64, a letter or digit first and last",
      );
  }
}

/** What becomes a part of a line of /etc/hosts or /etc/resolv.conf. */
export function checkHosts({ extraHosts, dns, dnsSearch, dnsOptions }: ContainerSpec): void {
  checkEach(
    'extra_hosts',
    extraHosts,
    isExtraHost,
    'use HOST:IP, such as db:192.0.2.7, or HOST:host-gateway',
  );
  checkEach('dns', dns, (address) => isIP(address) !== 0, 'use an IP address');
  checkEach('dns_search', dnsSearch, isDomain, 'use a domain, such as example.org, or . for none');
  checkEach('dns_options', dnsOptions, isOption, 'use a word of resolv.conf, such as ndots:2');
}

function checkEach(name: string, items: readonly string[], isGood: (item: string) => boolean, hint: string) {
  for (const [index, item] of items.entries()) {
    const field = `spec.${name}[${index}]`;
    if (!isGood(item)) throw invalid(field, item, `${hint}`);
  }
}

function isExtraHost(line: string): boolean {
  const [host = '', address = ''] = line.split(/:(.*)/s, 2);
  return hostPattern.test(host) && (isIP(address) !== 0 || address === hostGateway);
}

/** A single dot is none. */
function isDomain(domain: string): boolean {
  return domain === '.' || hostPattern.test(domain.replace(/\.$/, ''));
}

function isOption(option: string): boolean {
  return /^[a-z0-9-]{1,64}(:\d{1,9})?$/.test(option);
}
