/** What messages of the engine call fields of a request, below `spec`, in Docker's words. */
const names: Readonly<Record<string, string>> = {
  name: 'name',
  hostname: 'Hostname',
  domainname: 'Domainname',
  labels: 'Labels',
  exposed_ports: 'ExposedPorts',
  health_check: 'Healthcheck',
  stop_signal: 'StopSignal',
  stop_timeout_seconds: 'StopTimeout',
  'rootfs.image': 'Image',
  'process.args': 'Cmd',
  'process.env': 'Env',
  'process.cwd': 'WorkingDir',
  'process.user': 'User',
  'process.additional_groups': 'HostConfig.GroupAdd',
  'process.rlimits': 'HostConfig.Ulimits',
  'process.oom_score_adj': 'HostConfig.OomScoreAdj',
  mounts: 'HostConfig.Mounts',
  ports: 'HostConfig.PortBindings',
  networks: 'NetworkingConfig.EndpointsConfig',
  devices: 'HostConfig.Devices',
  device_rules: 'HostConfig.DeviceCgroupRules',
  cap_add: 'HostConfig.CapAdd',
  cap_drop: 'HostConfig.CapDrop',
  seccomp_profile: 'HostConfig.SecurityOpt',
  apparmor_profile: 'HostConfig.SecurityOpt',
  selinux_label: 'HostConfig.SecurityOpt',
  mask_paths: 'HostConfig.MaskedPaths',
  sysctls: 'HostConfig.Sysctls',
  restart: 'HostConfig.RestartPolicy',
  cgroup_parent: 'HostConfig.CgroupParent',
  shm_size_bytes: 'HostConfig.ShmSize',
  layer_size_bytes: 'HostConfig.StorageOpt',
  log_files: 'HostConfig.LogConfig',
  log_file_bytes: 'HostConfig.LogConfig',
  extra_hosts: 'HostConfig.ExtraHosts',
  dns: 'HostConfig.Dns',
  dns_search: 'HostConfig.DnsSearch',
  dns_options: 'HostConfig.DnsOptions',
  'namespaces.network': 'HostConfig.NetworkMode',
  'namespaces.user': 'HostConfig.UsernsMode',
  'resources.memory.max_bytes': 'HostConfig.Memory',
  'resources.memory.reservation_bytes': 'HostConfig.MemoryReservation',
  'resources.cpu.shares': 'HostConfig.CpuShares',
  'resources.cpu.cpuset_cpus': 'HostConfig.CpusetCpus',
  'resources.pids.max': 'HostConfig.PidsLimit',
};

/** Such as HostConfig.CapAdd[0] for spec.cap_add[0]. A field that Docker's requests do not have is as it was. */
export function dockersField(field: string): string {
  const path = field.replace(/^spec\./, '');
  const [known = '', name = field] =
    Object.entries(names)
      .filter(([one]) => path.startsWith(one) && /^([.[]|$)/.test(path.slice(one.length)))
      .sort(([a], [b]) => b.length - a.length)[0] ?? [];
  return known === '' ? field : `${name}${path.slice(known.length)}`;
}

/** The message of an error about this field, which names it before anything that a user has written. */
export function inDockersWords(message: string, field: string): string {
  const asWord = new RegExp(`(?<![\\w.])${RegExp.escape(field)}(?![\\w.[])`);
  return message.replace(asWord, () => dockersField(field));
}
