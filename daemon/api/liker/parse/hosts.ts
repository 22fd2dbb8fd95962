import { isIP } from 'node:net';
import { badArgument } from '../../../../common/errors.ts';

const hostPattern = /^[a-zA-Z0-9_]([a-zA-Z0-9._-]{0,252}[a-zA-Z0-9_])?$/;
const labelPattern = /^[a-zA-Z0-9_]([a-zA-Z0-9._-]{0,62}[a-zA-Z0-9_])?$/;

/** A host or domain name as uname(2) holds it: at most 64 characters. Empty stays empty. */
export function parseNodeName(name: string, field: string): string {
  if (name !== '' && !labelPattern.test(name)) {
    throw badArgument(
      field,
      `Invalid ${field} '${name}': use letters, digits, '-', '_' and '.', at most 64, a letter or digit first and last`,
    );
  }
  return name;
}

/** HOST:IP, the address possibly of IPv6 and in brackets, which are taken off. */
export function parseExtraHost(line: string, field: string): string {
  const [host = '', bare = ''] = line.split(/:(.*)/s, 2);
  const address = bare.replace(/^\[(.*)\]$/, '$1');
  if (!hostPattern.test(host) || isIP(address) === 0) {
    throw badArgument(field, `Invalid ${field} '${line}': use HOST:IP, such as db:192.0.2.7`);
  }
  return `${host}:${address}`;
}

export function parseNameServer(address: string, field: string): string {
  if (isIP(address) === 0) throw badArgument(field, `Invalid ${field} '${address}': use an IP address`);
  return address;
}

/** A domain to search names in; a single dot is none. */
export function parseSearchDomain(domain: string, field: string): string {
  if (domain !== '.' && !hostPattern.test(domain.replace(/\.$/, ''))) {
    throw badArgument(
      field,
      `Invalid ${field} '${domain}': use a domain, such as example.org, or . for none`,
    );
  }
  return domain;
}

/** A word of resolv.conf(5), which is a line's. */
export function parseResolverOption(option: string, field: string): string {
  if (!/^[a-z0-9-]{1,64}(:\d{1,9})?$/.test(option)) {
    throw badArgument(field, `Invalid ${field} '${option}': use a word of resolv.conf, such as ndots:2`);
  }
  return option;
}
