// What `inspect` says in Docker's fields, by likerctl and by Docker's API alike.

/** A container's place on a network, as liker.v1 and the engine have it. Empty text: there is none. */
interface Endpoint {
  readonly networkId: string;
  readonly interface: string;
  readonly ipv4: string;
  readonly ipv4Prefix: number;
  readonly ipv4Gateway: string;
  readonly ipv6: string;
  readonly ipv6Prefix: number;
  readonly ipv6Gateway: string;
  readonly macAddress: string;
  readonly aliases: readonly string[];
  readonly names: readonly string[];
  readonly gwPriority: number;
  readonly askedIpv4: string;
  readonly askedIpv6: string;
}

/** The fields that are both of a network and at the top of NetworkSettings. */
export function addressRecord(endpoint: Endpoint | undefined) {
  return {
    IPAddress: endpoint?.ipv4 ?? '',
    IPPrefixLen: endpoint?.ipv4Prefix ?? 0,
    Gateway: endpoint?.ipv4Gateway ?? '',
    MacAddress: endpoint?.macAddress ?? '',
    GlobalIPv6Address: endpoint?.ipv6 ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6Prefix ?? 0,
    IPv6Gateway: endpoint?.ipv6Gateway ?? '',
  };
}

/** An entry of NetworkSettings.Networks. Without an endpoint: of what is no network, such as host. */
export function endpointRecord(endpoint: Endpoint | undefined, container: string) {
  const asked = {
    ...(endpoint?.askedIpv4 && { IPv4Address: endpoint.askedIpv4 }),
    ...(endpoint?.askedIpv6 && { IPv6Address: endpoint.askedIpv6 }),
  };
  return {
    IPAMConfig: Object.keys(asked).length > 0 ? asked : null,
    Links: null,
    Aliases: endpoint?.aliases ?? [],
    DriverOpts: null,
    GwPriority: endpoint?.gwPriority ?? 0,
    NetworkID: endpoint?.networkId ?? '',
    // A container is at most once in a network.
    EndpointID: endpoint?.interface ? container : '',
    ...addressRecord(endpoint),
    DNSNames: endpoint?.names ?? [],
  };
}

interface HealthCheck {
  readonly shell: string;
  readonly args: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

/** Config.Healthcheck, with times in nanoseconds. */
export function healthcheckRecord(check: HealthCheck) {
  return {
    Test: check.shell === '' ? ['CMD', ...check.args] : ['CMD-SHELL', check.shell],
    Interval: check.intervalMs * 1e6,
    Timeout: check.timeoutMs * 1e6,
    StartPeriod: check.startPeriodMs * 1e6,
    StartInterval: check.startIntervalMs * 1e6,
    Retries: check.retries,
  };
}

interface Volume {
  readonly name: string;
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A volume. `createdAt` as RFC 3339. */
export function volumeRecord({ name, path, labels }: Volume, createdAt: string) {
  return {
    CreatedAt: createdAt,
    Driver: 'local',
    Labels: labels,
    Mountpoint: path,
    Name: name,
    Options: {},
    Scope: 'local',
  };
}
