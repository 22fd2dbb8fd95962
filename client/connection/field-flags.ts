import { own } from '../../common/own.ts';

/** The flags that set each field of a request. */
const flagsByField: Readonly<Record<string, string>> = {
  'process.args': 'entrypoint',
  'entrypoint.args': 'entrypoint',
  'process.cwd': 'workdir',
  'process.env': 'env env-file',
  'process.user': 'user',
  'process.additional_groups': 'group-add',
  'process.rlimits': 'ulimit',
  'process.oom_score_adj': 'oom-score-adj',
  'process.tty': 'tty',
  'process.terminal_size': 'tty',
  'process.open_stdin': 'interactive',
  'process.privileged': 'privileged',
  'process.no_new_privileges': 'security-opt',
  'process.landlock': 'landlock',
  name: 'name',
  hostname: 'hostname',
  domainname: 'domainname',
  'namespaces.pid': 'pid',
  'namespaces.ipc': 'ipc',
  'namespaces.uts': 'uts',
  'namespaces.cgroup': 'cgroupns',
  'namespaces.network': 'network',
  'namespaces.user': 'userns',
  'networks[0].network': 'network',
  'networks[0].ipv4': 'ip',
  'networks[0].ipv6': 'ip6',
  'networks[0].mac_address': 'mac-address',
  'networks[0].aliases': 'network-alias',
  networks: 'network network-alias ip ip6 mac-address',
  ports: 'publish',
  publish_all: 'publish-all',
  egress: 'egress',
  mounts: 'volume mount tmpfs',
  volumes_from: 'volumes-from',
  secrets: 'secret',
  read_only: 'read-only',
  shm_size_bytes: 'shm-size',
  layer_size_bytes: 'storage-opt',
  cap_add: 'cap-add',
  cap_drop: 'cap-drop',
  sysctls: 'sysctl',
  seccomp_unconfined: 'security-opt',
  seccomp_profile: 'security-opt',
  apparmor_profile: 'security-opt',
  selinux_label: 'security-opt',
  mask_paths: 'security-opt',
  unmask_paths: 'security-opt',
  proc_options: 'security-opt',
  extra_hosts: 'add-host',
  dns: 'dns',
  dns_search: 'dns-search',
  dns_options: 'dns-option',
  init: 'init',
  systemd: 'systemd',
  log_driver: 'log-driver',
  log_file_bytes: 'log-opt',
  log_files: 'log-opt',
  labels: 'label label-file',
  exposed_ports: 'expose',
  auto_remove: 'rm',
  on_disconnect: 'on-disconnect',
  stop_signal: 'stop-signal',
  stop_timeout_seconds: 'stop-timeout',
  timeout_seconds: 'timeout time',
  restart: 'restart',
  'health_check.shell': 'health-cmd',
  'health_check.args': 'health-cmd',
  'health_check.interval_ms': 'health-interval',
  'health_check.timeout_ms': 'health-timeout',
  'health_check.retries': 'health-retries',
  'health_check.start_period_ms': 'health-start-period',
  'health_check.start_interval_ms': 'health-start-interval',
  'health_check.on_failure': 'health-on-failure',
  devices: 'device',
  device_rules: 'device-cgroup-rule',
  cgroup_parent: 'cgroup-parent',
  limits: 'limits',
  'resources.cpu.shares': 'cpu-shares',
  'resources.cpu.weight': 'cpu-weight',
  'resources.cpu.quota_us': 'cpu-quota cpus',
  'resources.cpu.period_us': 'cpu-period cpus',
  'resources.cpu.burst_us': 'cpu-burst',
  'resources.cpu.idle': 'cpu-idle',
  'resources.cpu.realtime_runtime_us': 'cpu-rt-runtime',
  'resources.cpu.realtime_period_us': 'cpu-rt-period',
  'resources.cpu.cpuset_cpus': 'cpuset-cpus',
  'resources.cpu.cpuset_mems': 'cpuset-mems',
  'resources.cpu.cpuset_partition': 'cpuset-partition',
  'resources.memory.max_bytes': 'memory',
  'resources.memory.memory_swap_bytes': 'memory-swap',
  'resources.memory.reservation_bytes': 'memory-reservation',
  'resources.memory.low_bytes': 'memory-low',
  'resources.memory.min_bytes': 'memory-min',
  'resources.memory.high_bytes': 'memory-high',
  'resources.memory.swap_high_bytes': 'memory-swap-high',
  'resources.memory.zswap_max_bytes': 'memory-zswap-max',
  'resources.memory.swappiness': 'memory-swappiness',
  'resources.memory.oom_group': 'oom-group',
  'resources.memory.oom_kill_disable': 'oom-kill-disable',
  'resources.pids.max': 'pids-limit',
  'resources.hugetlb': 'hugetlb-limit hugetlb-reservation',
  'resources.io.weight': 'blkio-weight',
  'resources.io.weight_devices': 'blkio-weight-device',
  'resources.io.read_bps': 'device-read-bps',
  'resources.io.write_bps': 'device-write-bps',
  'resources.io.read_iops': 'device-read-iops',
  'resources.io.write_iops': 'device-write-iops',
  'resources.io.latency_us': 'io-latency',
  'resources.network.rate_bits': 'net-rate',
  'resources.network.ceil_bits': 'net-ceil',
  'resources.network.priority': 'net-priority',
  'resources.network.class_id': 'net-cls-classid',
  'resources.network.priorities': 'net-prio',
  'resources.cgroup.max_descendants': 'cgroup-max-descendants',
  'resources.cgroup.max_depth': 'cgroup-max-depth',
  'resources.cgroup.settings': 'cgroup-conf',
  // For stop, kill, ps, events, logs and stats.
  signal: 'signal',
  filters: 'filter',
  since: 'since',
  since_seq: 'since',
  until: 'until',
  tail: 'tail',
  interval: 'interval',
};

/** Fields whose flags have a key in their value: the text names it after the flag. */
const keyed = ['resources.network.priorities', 'resources.cgroup.settings'];

/** Lists whose items are the values of their flags, in the order of these flags: the text shows the whole value, not the part at fault. */
const listed = ['mounts', 'ports'];

/** The values that the user gave a flag. */
export type Given = (flag: string) => readonly string[];

/**
 * Replaces the field in the text of an error with the flags that the user gave for it: `Invalid --memory 1024: …`. A field that no
 * given flag sets keeps its name.
 */
export function inFlags(text: string, field: string, given: Given): string {
  const isGiven = (flag: string): boolean => given(flag).length > 0;
  // Go up to the first part of the path that a flag sets: a list has a flag, its items have none.
  const whole = field.replace(/^spec\./, '');
  for (let path = whole; path !== ''; path = path.replace(/(^|[.[])[^.[]*$/, '')) {
    const flags = own(flagsByField, path)?.split(' ').filter(isGiven) ?? [];
    if (flags.length === 0) continue;
    const rest = whole.slice(path.length);
    const [, index] = /^\[(\d+)\]/.exec(rest) ?? [];
    if (listed.includes(path) && index !== undefined) {
      const items = flags.flatMap((flag) => given(flag).map((value) => `--${flag} '${value}'`));
      return text.replace(withValue(namesOf(field)), () => items[Number(index)] ?? field);
    }
    const key = keyed.includes(path) && rest.startsWith('.') ? ` ${rest.slice(1)}` : '';
    return text.replace(namesOf(field), flags.map((flag) => `--${flag}${key}`).join(' or '));
  }
  return text;
}

/** With the value in quotes that may follow. */
function withValue({ source }: RegExp): RegExp {
  return new RegExp(`(?:${source})(?: '[^']*')?`);
}

/** Matches the field where a text first names it: its whole path, or the end of it as the first name, as in "Cannot set memory.max_bytes". */
function namesOf(field: string): RegExp {
  const [whole = '', ...ends] = field
    .split('.')
    .map((_, at, parts) => RegExp.escape(parts.slice(at).join('.')));
  return new RegExp(
    `(?<![\\w./-])${whole}(?![\\w/-]|\\.\\w)|(?<=^(?:Cannot set|Invalid) )(?:${ends.join('|') || '(?!)'})(?= )`,
  );
}
