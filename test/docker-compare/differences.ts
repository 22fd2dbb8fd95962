export interface Known {
  readonly what: RegExp;
  /** Of the requests. Default: any. */
  readonly where?: RegExp;
  readonly why: string;
}

/** How answers to requests differ on purpose. `+` is what Liker has more, `-` what it lacks. */
export const known: readonly Known[] = [
  // Newer versions of the API.
  { what: /^\+ header (builder-version|swarm)$/, where: /_ping/, why: 'newer releases send them' },
  { what: /^\+ \.(Experimental|ProductLicense): /, why: 'newer releases have them' },
  { what: /EnableIPv4: boolean$/, where: /networks/, why: 'since 1.48' },
  { what: /^\+ .*\.(DNSNames(\[\])?|GwPriority): /, why: 'since 1.44 and 1.48' },
  { what: /^\+ .*\.Health(\.\w+)?: /, where: /containers\/json|system\/df/, why: 'since 1.52' },
  { what: /^- .*(KernelMemory(TCP)?|\.AllowNondistributable\w+): /, why: 'dropped in 1.42 and 1.50' },
  { what: /^- \.Container(Config.*)?: /, where: /images/, why: 'dropped in 1.45' },
  {
    what: /^type: , here application\/vnd\.docker\.raw-stream$/,
    where: /logs/,
    why: 'newer releases say it',
  },
  { what: /^\+ header content-type$/, where: /logs/, why: 'newer releases say it' },
  {
    what: /^type: application\/vnd\.docker\.raw-stream, here application\/json$/,
    where: /attach/,
    why: 'newer releases say it',
  },
  { what: /^(: string, here object|\+ \.message: string)$/, where: /attach/, why: 'as its type' },
  {
    what: /^- \.Error: null$/,
    where: /wait/,
    why: 'it is sent where there is one; clients take any for a failure',
  },
  { what: /^status: 500, here 501$/, where: /search/, why: 'Liker searches no registries' },
  // Headers of every answer.
  {
    what: /^\+ header (api-version|docker-experimental|ostype|server)$/,
    where: /nowhere|PUT|attach|v1\.(11|99)/,
    why: 'errors have them, too',
  },
  {
    what: /^(type: text\/plain; charset=utf-8, here application\/json|- header x-content-type-options|: string, here object|\+ \.message: string)$/,
    where: /v1\.11/,
    why: 'errors of every version are JSON',
  },
  // What Liker consists of.
  { what: /^\+ \.(Components\[\]\.Details\.Node|Runtimes\.liker(\.path)?): /, why: 'its own parts' },
  {
    what: /^- \.(BridgeNfIp6?tables|(Containerd|Init|Runc)Commit(\.\w+)?|Runtimes\.io\.containerd\..*): /,
    why: 'it has no such parts',
  },
  { what: /^- \.RegistryConfig\.InsecureRegistryCIDRs\[\]: /, why: 'no address is insecure by itself' },
  { what: /^- .*\.Options\.com\.docker\.network\./, why: 'options of Docker’s own bridge driver' },
  { what: /^\+ .*IPAM\.Config\[\]\.Gateway: /, why: 'it is known from the creation on' },
  { what: /^- \.GraphDriver\.Data\./, why: 'the folders of layers are Liker’s own affair' },
  // What a container has.
  { what: /^\+ \.Config\.(ExposedPorts|StopSignal|StopTimeout): /, why: 'defaults are said' },
  { what: /^\+ \.Config\.Healthcheck\./, why: 'defaults are said' },
  {
    what: /^\+ \.HostConfig\.(Init|Sysctls|Tmpfs|Runtime): /,
    why: 'defaults are said, and no map is left out',
  },
  {
    what: /^\.HostConfig\.PidsLimit: null, here number$/,
    why: 'there is a limit without one being asked for',
  },
  { what: /^\+ .*\.SizeRw: /, why: 'also where it is 0' },
  { what: /^\+ \.Actor\.Attributes\.execDuration: /, why: 'newer releases have it' },
  { what: /^\+ \.os_type: /, why: 'newer releases have it' },
  {
    what: /^[+-] \.((pre)?cpu_stats|memory_stats|pids_stats|networks|blkio_stats)\b/,
    where: /stats/,
    why: 'dockerd had no figures on cgroups of version 1 and 2 side by side, on which it was recorded',
  },
  // Status codes.
  {
    what: /^status: 500, here (400|409|503)$/,
    why: 'a wrong argument, a wrong state and a registry that does not answer are no faults of the engine',
  },
  { what: /^status: 404, here 400$/, where: /nosuch/, why: 'a driver that there is not is a wrong argument' },
  {
    what: /^(status: 400, here 201|\+ \.(Id|Warnings): .*|- \.message: string)$/,
    where: /CapAdd|PortBindings/,
    why: 'what cannot be is told at the start, and a port without bindings is nothing',
  },
  {
    what: /^(status: 201, here 400|- \.(Id|Warnings): .*|\+ \.message: string)$/,
    where: /relative/,
    why: 'a volume needs an absolute path',
  },
  { what: /^status: 400, here 404$/, where: /push/, why: 'there is no such image' },
  {
    what: /^(status: 200, here 400|- \.error(Detail(\.message)?)?: .*|\+ \.message: string)$/,
    where: /images\/load/,
    why: 'what is known before the answer has begun is an error of the call',
  },
  {
    what: /^(status: 200, here 400|type: .*|: string, here object|\+ \.message: string)$/,
    where: /events/,
    why: 'a filter that there is not is refused',
  },
  { what: /^status: 400, here 503$/, where: /swarm/, why: 'there is no swarm' },
];
