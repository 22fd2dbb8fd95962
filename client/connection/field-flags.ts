import { own } from '../../common/own.ts';

// Fields of a request by which likerd tells what it does not like, as the flags that the user gave.
export const fieldFlags: Readonly<Record<string, string>> = {
  'process.cwd': 'workdir',
  'process.env': 'env',
  'process.user': 'user',
  'process.additional_groups': 'group-add',
  'process.rlimits': 'ulimit',
  'process.oom_score_adj': 'oom-score-adj',
  name: 'name',
  hostname: 'hostname',
  domainname: 'domainname',
  mounts: 'mount',
  shm_size_bytes: 'shm-size',
  cap_add: 'cap-add',
  cap_drop: 'cap-drop',
  sysctls: 'sysctl',
  extra_hosts: 'add-host',
  dns: 'dns',
  dns_search: 'dns-search',
  dns_options: 'dns-option',
  log_file_bytes: 'log-opt',
  log_files: 'log-opt',
  labels: 'label',
  stop_signal: 'stop-signal',
  restart: 'restart',
  devices: 'device',
  device_rules: 'device-cgroup-rule',
  cgroup_parent: 'cgroup-parent',
  'resources.cpu.shares': 'cpu-shares',
  'resources.cpu.weight': 'cpu-weight',
  'resources.cpu.quota_us': 'cpu-quota',
  'resources.cpu.period_us': 'cpu-period',
  'resources.cpu.burst_us': 'cpu-burst',
  'resources.cpu.realtime_runtime_us': 'cpu-rt-runtime',
  'resources.cpu.realtime_period_us': 'cpu-rt-period',
  'resources.cpu.cpuset_cpus': 'cpuset-cpus',
  'resources.cpu.cpuset_mems': 'cpuset-mems',
  'resources.memory.max_bytes': 'memory',
  'resources.memory.memory_swap_bytes': 'memory-swap',
  'resources.memory.reservation_bytes': 'memory-reservation',
  'resources.memory.low_bytes': 'memory-low',
  'resources.memory.min_bytes': 'memory-min',
  'resources.memory.high_bytes': 'memory-high',
  'resources.memory.swap_high_bytes': 'memory-swap-high',
  'resources.memory.zswap_max_bytes': 'memory-zswap-max',
  'resources.memory.swappiness': 'memory-swappiness',
  'resources.pids.max': 'pids-limit',
  'resources.hugetlb': 'hugetlb-limit',
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
};

/** The text with the flag in place of the field, where one stands for it: `Invalid --memory 1024: …`. */
export function inFlags(text: string, field: string): string {
  // The deepest part of the path that a flag stands for: an item of a list has no flag of its own.
  for (let path = field.replace(/^spec\./, ''); path !== ''; path = path.replace(/(^|[.[])[^.[]*$/, '')) {
    const flag = own(fieldFlags, path);
    if (flag !== undefined) return text.replace(wholeWord(field), `--${flag}`);
  }
  return text;
}

/** The field by itself, not as a part of another field, of a name or of a path. */
function wholeWord(field: string): RegExp {
  return new RegExp(`(?<![\\w./-])${RegExp.escape(field)}(?![\\w/-]|\\.\\w)`, 'g');
}
