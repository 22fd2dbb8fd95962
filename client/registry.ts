import type { CommandEntry } from './cli/command.ts';

/** All commands, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'run',
    summary: 'Create and start a container, and attach to it',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'exec',
    summary: 'Execute a command in a running container',
    load: async () => (await import('./commands/exec.ts')).exec,
  },
  {
    name: 'attach',
    summary: 'Attach the terminal to a running container',
    load: async () => (await import('./commands/attach.ts')).attach,
  },
  {
    name: 'cp',
    summary: 'Copy files between a container and the host, or another container',
    load: async () => (await import('./commands/cp.ts')).cp,
  },
  {
    name: 'commit',
    summary: 'Make an image of what a container has changed',
    load: async () => (await import('./commands/commit.ts')).commit,
  },
  {
    name: 'diff',
    summary: 'List files that a container has added, changed or deleted',
    isShort: true,
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'export',
    summary: 'Write the root file system of a container as a tar archive, without its volumes and mounts',
    load: async () => (await import('./commands/export.ts')).exportFiles,
  },
  {
    name: 'ps',
    summary: 'List containers',
    isShort: true,
    load: async () => (await import('./commands/ps.ts')).ps,
  },
  {
    name: 'create',
    summary: 'Create a container without starting it',
    load: async () => (await import('./commands/create.ts')).create,
  },
  {
    name: 'start',
    summary: 'Start containers',
    load: async () => (await import('./commands/start.ts')).start,
  },
  {
    name: 'stop',
    summary: 'Stop containers: signal, wait, kill',
    isShort: true,
    load: async () => (await import('./commands/stop.ts')).stop,
  },
  {
    name: 'restart',
    summary: 'Stop containers and start them again',
    isShort: true,
    load: async () => (await import('./commands/restart.ts')).restart,
  },
  {
    name: 'kill',
    summary: 'Send a signal to containers',
    isShort: true,
    load: async () => (await import('./commands/kill.ts')).kill,
  },
  {
    name: 'pause',
    summary: 'Freeze all processes of containers',
    isShort: true,
    load: async () => (await import('./commands/pause.ts')).pause,
  },
  {
    name: 'unpause',
    summary: 'Thaw all processes of containers',
    isShort: true,
    load: async () => (await import('./commands/unpause.ts')).unpause,
  },
  {
    name: 'rm',
    summary: 'Remove containers',
    isShort: true,
    load: async () => (await import('./commands/rm.ts')).rm,
  },
  {
    name: 'rename',
    summary: 'Give a container another name',
    isShort: true,
    load: async () => (await import('./commands/rename.ts')).rename,
  },
  {
    name: 'update',
    summary: 'Change the limits of containers',
    isShort: true,
    load: async () => (await import('./commands/update.ts')).update,
  },
  {
    name: 'wait',
    summary: 'Wait until containers exit, and print their exit codes',
    load: async () => (await import('./commands/wait.ts')).wait,
  },
  {
    name: 'logs',
    summary: 'Print the output of a container',
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  {
    name: 'inspect',
    summary: 'Print details of containers, as JSON',
    isShort: true,
    load: async () => (await import('./commands/inspect.ts')).inspect,
  },
  {
    name: 'port',
    summary: 'List the ports of the host that lead into a container',
    isShort: true,
    load: async () => (await import('./commands/port.ts')).port,
  },
  {
    name: 'top',
    summary: 'List the processes of a container',
    isShort: true,
    load: async () => (await import('./commands/top.ts')).top,
  },
  {
    name: 'stats',
    summary: 'Show the resource usage of containers continuously',
    load: async () => (await import('./commands/stats.ts')).stats,
  },
  {
    name: 'unshare',
    summary: "Run a program of this machine in a container's user namespace",
    load: async () => (await import('./commands/unshare.ts')).unshare,
  },
  {
    name: 'explain',
    summary: 'Print the steps by which a container is started',
    isShort: true,
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  {
    name: 'events',
    summary: 'Print events',
    load: async () => (await import('./commands/events.ts')).events,
  },
  {
    name: 'healthcheck run',
    summary: 'Run the health check of a container now',
    load: async () => (await import('./commands/healthcheck-run.ts')).healthcheckRun,
  },
  {
    name: 'container prune',
    summary: 'Remove all containers that are not running',
    load: async () => (await import('./commands/container-prune.ts')).containerPrune,
  },
  {
    name: 'images',
    summary: 'List images',
    isShort: true,
    load: async () => (await import('./commands/images.ts')).images,
  },
  {
    name: 'pull',
    summary: 'Fetch an image from a registry',
    load: async () => (await import('./commands/pull.ts')).pull,
  },
  {
    name: 'push',
    summary: 'Send an image to a registry',
    load: async () => (await import('./commands/push.ts')).push,
  },
  {
    name: 'login',
    summary: 'Check and store credentials for a registry',
    load: async () => (await import('./commands/login.ts')).login,
  },
  {
    name: 'logout',
    summary: 'Remove the stored credentials for a registry',
    load: async () => (await import('./commands/logout.ts')).logout,
  },
  {
    name: 'load',
    summary: 'Load the images of an archive',
    load: async () => (await import('./commands/load.ts')).load,
  },
  {
    name: 'save',
    summary: 'Write images into an archive',
    load: async () => (await import('./commands/save.ts')).save,
  },
  {
    name: 'import',
    summary: 'Make an image of a root file system',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  {
    name: 'tag',
    summary: 'Give an image one more name',
    isShort: true,
    load: async () => (await import('./commands/tag.ts')).tag,
  },
  {
    name: 'untag',
    summary: 'Take names from an image',
    isShort: true,
    load: async () => (await import('./commands/untag.ts')).untag,
  },
  {
    name: 'rmi',
    summary: 'Remove images, or names of images',
    isShort: true,
    load: async () => (await import('./commands/rmi.ts')).rmi,
  },
  {
    name: 'history',
    summary: 'Show the steps by which an image was made',
    isShort: true,
    load: async () => (await import('./commands/history.ts')).history,
  },
  {
    name: 'image inspect',
    summary: 'Print details of images, as JSON',
    isShort: true,
    load: async () => (await import('./commands/image-inspect.ts')).imageInspect,
  },
  {
    name: 'image prune',
    summary: 'Remove images that nothing needs',
    load: async () => (await import('./commands/image-prune.ts')).imagePrune,
  },
  {
    name: 'image build-root',
    summary: "Make an image from this machine's own programs, or from packages",
    load: async () => (await import('./commands/image-build-root.ts')).imageBuildRoot,
  },
  {
    name: 'rootfs build',
    summary: "Build a root file system from this machine's programs",
    load: async () => (await import('./commands/rootfs-build.ts')).rootfsBuild,
  },
  {
    name: 'network create',
    summary: 'Create a network',
    isShort: true,
    load: async () => (await import('./commands/network-create.ts')).networkCreate,
  },
  {
    name: 'network ls',
    summary: 'List networks',
    isShort: true,
    load: async () => (await import('./commands/network-ls.ts')).networkLs,
  },
  {
    name: 'network inspect',
    summary: 'Print details of networks, as JSON',
    isShort: true,
    load: async () => (await import('./commands/network-inspect.ts')).networkInspect,
  },
  {
    name: 'network rm',
    summary: 'Remove networks that no container has',
    isShort: true,
    load: async () => (await import('./commands/network-rm.ts')).networkRm,
  },
  {
    name: 'network prune',
    summary: 'Remove all networks that no container has',
    load: async () => (await import('./commands/network-prune.ts')).networkPrune,
  },
  {
    name: 'network connect',
    summary: 'Connect a container to a network, at once if it is running',
    isShort: true,
    load: async () => (await import('./commands/network-connect.ts')).networkConnect,
  },
  {
    name: 'network disconnect',
    summary: 'Take a container off a network, at once if it is running',
    isShort: true,
    load: async () => (await import('./commands/network-disconnect.ts')).networkDisconnect,
  },
  {
    name: 'volume create',
    summary: 'Create a volume, a folder that outlives its containers',
    isShort: true,
    load: async () => (await import('./commands/volume-create.ts')).volumeCreate,
  },
  {
    name: 'volume ls',
    summary: 'List volumes',
    isShort: true,
    load: async () => (await import('./commands/volume-ls.ts')).volumeLs,
  },
  {
    name: 'volume inspect',
    summary: 'Print details of volumes, as JSON',
    isShort: true,
    load: async () => (await import('./commands/volume-inspect.ts')).volumeInspect,
  },
  {
    name: 'volume rm',
    summary: 'Remove volumes with their files',
    isShort: true,
    load: async () => (await import('./commands/volume-rm.ts')).volumeRm,
  },
  {
    name: 'volume prune',
    summary: 'Remove the anonymous volumes that no container has',
    load: async () => (await import('./commands/volume-prune.ts')).volumePrune,
  },
  {
    name: 'mount add',
    summary: 'Mount something in a container, at once if it is running',
    load: async () => (await import('./commands/mount-add.ts')).mountAdd,
  },
  {
    name: 'mount ls',
    summary: 'List the mounts of a container',
    isShort: true,
    load: async () => (await import('./commands/mount-ls.ts')).mountLs,
  },
  {
    name: 'mount rm',
    summary: 'Take mounts away from a container, at once if it is running',
    isShort: true,
    load: async () => (await import('./commands/mount-rm.ts')).mountRm,
  },
  {
    name: 'secret create',
    summary: 'Create a secret from a file or from stdin',
    load: async () => (await import('./commands/secret-create.ts')).secretCreate,
  },
  {
    name: 'secret ls',
    summary: 'List secrets',
    isShort: true,
    load: async () => (await import('./commands/secret-ls.ts')).secretLs,
  },
  {
    name: 'secret rm',
    summary: 'Remove secrets',
    isShort: true,
    load: async () => (await import('./commands/secret-rm.ts')).secretRm,
  },
  {
    name: 'info',
    summary: 'Print what the engine and this machine support',
    isShort: true,
    load: async () => (await import('./commands/info.ts')).info,
  },
  {
    name: 'system df',
    summary: 'Show disk usage',
    isShort: true,
    load: async () => (await import('./commands/system-df.ts')).systemDf,
  },
  {
    name: 'system check',
    summary: 'Compare the records with what is on the disk',
    load: async () => (await import('./commands/system-check.ts')).systemCheck,
  },
  {
    name: 'system prune',
    summary: 'Remove stopped containers, unused networks and images',
    load: async () => (await import('./commands/system-prune.ts')).systemPrune,
  },
  {
    name: 'lease ls',
    summary: 'List leases, with whose end what programs have made is removed',
    isShort: true,
    load: async () => (await import('./commands/lease-ls.ts')).leaseLs,
  },
  {
    name: 'lease rm',
    summary: 'End leases: kill and remove their containers, networks and volumes',
    isShort: true,
    load: async () => (await import('./commands/lease-rm.ts')).leaseRm,
  },
  {
    name: 'version',
    summary: 'Print the versions of likerctl and likerd',
    isShort: true,
    load: async () => (await import('./commands/version.ts')).version,
  },
  {
    name: 'completion',
    summary: 'Print the completion script for a shell',
    load: async () => (await import('./commands/completion.ts')).completionOf(commands),
  },
  {
    name: 'reset-tty',
    summary: 'Repair a terminal that an interrupted program has left in a bad state',
    load: async () => (await import('./commands/reset-tty.ts')).resetTty,
  },
];

/** Aliases of commands. Besides these, `container X` means X for every command about containers, and `image X` for those about images. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['container ls', 'ps'],
  ['container list', 'ps'],
  ['container rm', 'rm'],
  ['container remove', 'rm'],
  ['image ls', 'images'],
  ['image list', 'images'],
  ['image rm', 'rmi'],
  ['image remove', 'rmi'],
  ...['history', 'import', 'load', 'pull', 'push', 'save', 'tag', 'untag'].map(
    (name) => [`image ${name}`, name] as const,
  ),
  ['ls', 'ps'],
  ['list', 'ps'],
  ['remove', 'rm'],
  ['prune', 'container prune'],
  ['system events', 'events'],
  ['system info', 'info'],
  ['volume list', 'volume ls'],
  ['network list', 'network ls'],
  ['network remove', 'network rm'],
  ['mount list', 'mount ls'],
  ['mount remove', 'mount rm'],
  ['secret list', 'secret ls'],
  ['secret remove', 'secret rm'],
  ['volume remove', 'volume rm'],
  ['lease list', 'lease ls'],
  ['lease remove', 'lease rm'],
]);

/** The names of all commands, with their aliases. */
export function commandNames(): readonly string[] {
  return [...commands.map(({ name }) => name), ...aliases.keys()];
}

/** All names of the commands that are short. */
export function shortNames(): readonly string[] {
  const all = commandNames().flatMap((name) => [name, `container ${name}`, `image ${name}`]);
  return [...new Set(all)].filter((name) => findCommand(name.split(' '))?.entry.isShort);
}

/** The aliases of a command. */
export function otherNames(name: string): readonly string[] {
  return [...aliases].flatMap(([other, canonical]) => (canonical === name ? [other] : []));
}

export const commandGroups: ReadonlySet<string> = new Set([
  'container',
  'image',
  'rootfs',
  'system',
  'healthcheck',
  'network',
  'volume',
  'mount',
  'secret',
  'lease',
]);

/** The command at the start of `argv`, and the rest; undefined if there is no such command. */
export function findCommand(
  argv: readonly string[],
): { entry: CommandEntry; rest: readonly string[] } | undefined {
  const [first = '', second = ''] = argv;
  const words = commandGroups.has(first) ? 2 : 1;
  const name = words === 2 ? `${first} ${second}` : first;
  const canonical = aliases.get(name) ?? name.replace(/^container (?!prune$)/, '');
  const entry = commands.find((command) => command.name === canonical);
  return entry && { entry, rest: argv.slice(words) };
}
