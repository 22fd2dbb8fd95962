import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { makeFolder } from '../common/folders.ts';
import { userFolders } from '../common/user-folders.ts';
import { Ledger } from './engine/containers/model/ledger.ts';
import { livePhase } from './engine/containers/model/phase.ts';
import { Registry } from './engine/containers/model/registry.ts';
import { makeEngine } from './engine/engine.ts';
import { imageContext } from './engine/images/context.ts';
import { ImageLedger } from './engine/images/model/ledger.ts';
import { Journal } from './engine/journal/journal.ts';
import type { LinkKernel, UserKernel } from './engine/kernel.ts';
import { Leases } from './engine/leases/model/leases.ts';
import { networkProblem } from './engine/networks/host/problem.ts';
import { bridge } from './engine/networks/model/network.ts';
import { Networks } from './engine/networks/model/networks.ts';
import { Secrets } from './engine/secrets/model/secrets.ts';
import { OpenReaders } from './engine/stats/open-readers.ts';
import { Volumes } from './engine/volumes/model/volumes.ts';
import { closeRoot, closeToOthers, rootMode } from './host/closed-files.ts';
import { claimFolder } from './host/folder-lock.ts';
import type { Log } from './host/log.ts';
import { NamespaceHolder } from './host/namespace-holder.ts';
import type { DaemonOptions } from './host/options.ts';
import { Packer } from './kernel/archive/pack.ts';
import { Unpacker } from './kernel/archive/unpack.ts';
import { openCgroups } from './kernel/cgroup/open.ts';
import { Cni } from './kernel/cni/cni.ts';
import { nodesAt, nodesBelow } from './kernel/devices/nodes.ts';
import { openFileTree } from './kernel/files/programs.ts';
import { FileSockets } from './kernel/files/sockets.ts';
import { mountOf, visibleBelow } from './kernel/mount/mountinfo.ts';
import { forgetAddresses } from './kernel/network/conntrack.ts';
import { connectLive, disconnectLive, setDefaultRoutes } from './kernel/network/endpoint.ts';
import { reportGroup } from './kernel/network/firewall/egress-chains.ts';
import { Firewall } from './kernel/network/firewall/firewall.ts';
import { holdPorts } from './kernel/network/firewall/hold-ports.ts';
import { freeRate, prepareSender, rateProblem, setRate } from './kernel/network/host-rate.ts';
import { hasIpv6, hostRoutes, uplinkMtu } from './kernel/network/host-routes.ts';
import {
  cutLink,
  ensureBridge,
  linkNamed,
  linkProblem,
  ownLinks,
  removeLink,
} from './kernel/network/links.ts';
import { pastaIn } from './kernel/network/pasta.ts';
import { Resolver } from './kernel/network/resolver.ts';
import { answerOnBridge, forgetPeer, forgetProxies, moveLive } from './kernel/network/routed-live.ts';
import { checkNamespaceFile, NetworkNamespace, shapingProblem } from './kernel/network/shaping.ts';
import { ownNetworkSysctls, withheldSysctl } from './kernel/network/sysctls.ts';
import { endProgram } from './kernel/proc/end-program.ts';
import { interfaceStats } from './kernel/proc/net-dev.ts';
import { ownOomScoreAdj } from './kernel/proc/oom-score.ts';
import { ageMs, bootId, firstChild, isKilled, startTimeOf, uptimeMs } from './kernel/proc/processes.ts';
import { Processes } from './kernel/process/processes.ts';
import {
  capabilitiesOnHost,
  capabilityNames,
  daemonCapabilities,
  defaultCapabilities,
} from './kernel/security/capabilities.ts';
import { securityModules } from './kernel/security/labels.ts';
import { defaultPaths } from './kernel/security/paths.ts';
import { rightsOf } from './kernel/security/rights.ts';
import { seccompAvailable, seccompFilter } from './kernel/security/seccomp/filter.ts';
import { lastGroup, wholeGroupRange } from './kernel/users/id-maps.ts';
import { IdPool } from './kernel/users/id-pool.ts';
import { openPool } from './kernel/users/open-pool.ts';
import { isRootOnHost, onHost, ownMaps, ownUser } from './kernel/users/own-maps.ts';
import { UserNamespaces } from './kernel/users/user-namespaces.ts';
import { socketFd } from './loop/socket-fd.ts';
import { closeFd, peerCredentials } from './native/libliker.ts';
import { openRegistries } from './registry/registries.ts';
import { ContainerFolders } from './storage/container-folders.ts';
import { Content } from './storage/content.ts';
import { LayerFolders } from './storage/layers.ts';
import { RootFolder } from './storage/root-folder.ts';
import { SecretFiles } from './storage/secret-files.ts';
import { VolumeFolders } from './storage/volume-folders.ts';
import { openStore, writeIfRoom } from './store/open.ts';

/** The composition root: the one place that knows every concrete class. */
export async function compose(
  options: Pick<
    DaemonOptions,
    | 'root'
    | 'run'
    | 'socket'
    | 'cgroup'
    | 'usernsDefault'
    | 'usernsPool'
    | 'defaultNetwork'
    | 'publishDefault'
    | 'cniConfig'
    | 'cniPlugins'
    | 'registries'
    | 'shortNames'
    | 'keepBlobs'
    | 'spareShims'
  >,
  log: Log,
) {
  makeFolder(options.root, rootMode(options.root, options.socket));
  makeFolder(options.run, 0o711);
  const root = realpathSync(options.root);
  const run = realpathSync(options.run);
  const locks = [claimFolder('--root', root), claimFolder('--run', run)];
  closeRoot(root, options.socket);
  for (const folder of new Set([root, run])) closeToOthers(folder, log);
  for (const folder of ['c', 'root']) makeFolder(join(run, folder), 0o700);
  const holder = NamespaceHolder.of(process.env, run);
  const { store, recordsLost, recovered } = openStore(root, log);
  const isRoot = isRootOnHost();
  const cgroups = openCgroups(
    { parent: cgroupName(root), ...(options.cgroup !== null && { delegatedPath: options.cgroup }) },
    { isRoot, runFolderOf: (id) => join(run, 'c', id), memory: join(run, 'cgroup') },
  );
  // Said once here, and in info: otherwise each container would have the warning.
  if (!cgroups.offers('pids')) for (const loss of cgroups.losses) log.warn('containers go without', { loss });
  const folders = new ContainerFolders(root, run);
  const registries = openRegistries({
    folder: options.registries ?? usualRegistries(isRoot),
    env: process.env,
  });
  const processes = new Processes({ spares: options.spareShims });
  const journal = new Journal(store, log);
  const registry = new Registry();
  const processOf = (id: string) => livePhase(registry.byId(id)?.phase ?? { state: 'created' })?.main ?? null;
  const table = tableName(root);
  const resolver = isRoot
    ? new Resolver({ run, processOf, log, firewall: { table, group: reportGroup(table) } })
    : null;
  const firewall = isRoot ? openFirewall(root, log, async () => resolver?.tableMade()) : null;
  const pasta = isRoot ? null : pastaIn(process.env['PATH']);
  const usualNetwork = once(() => {
    if (firewall === null) return 'pasta';
    const problem = networkProblem({ network: { links: linkKernel, firewall } });
    if (problem !== '') log.warn('containers have no network by default', { problem });
    return problem === '' ? bridge : 'none';
  });
  // Building a filter takes tens of milliseconds, which no container should wait for.
  seccompFilter('', defaultCapabilities);
  const engine = makeEngine({
    paths: { root, run, socket: options.socket },
    log,
    journal,
    ledger: new Ledger(journal, store),
    registry,
    cgroups,
    folders,
    rootFolder: new RootFolder(root),
    images: imageContext({
      log,
      ledger: new ImageLedger(journal, store),
      content: new Content(root, folders.trashFolder),
      layers: new LayerFolders(root, folders.trashFolder),
      unpacker: new Unpacker(),
      packer: new Packer(),
      keepsBlobs: options.keepBlobs,
      whiteouts: isRoot ? 'trusted' : 'user',
      registries,
      shortNames: options.shortNames,
    }),
    secrets: new Secrets(new SecretFiles(run), journal),
    volumes: new Volumes(journal, store, new VolumeFolders(root, folders.trashFolder), log),
    leases: new Leases(journal, store, log),
    networks: new Networks(journal, store, log, tagOf(root)),
    processes,
    proc: { uptimeMs, ageMs, startTimeOf, isKilled, firstChild, ownOomScoreAdj, interfaceStats, endProgram },
    mounts: { visibleBelow, of: mountOf },
    network: {
      sysctls: ownNetworkSysctls(isRoot ? undefined : wholeGroupRange(ownMaps())),
      withheldSysctl,
      shapingProblem,
      checkNamespaceFile,
      pasta,
      publishAddresses: options.publishDefault,
      get byDefault() {
        return options.defaultNetwork ?? usualNetwork();
      },
      links: isRoot ? linkKernel : null,
      cni: isRoot
        ? new Cni({
            config: options.cniConfig,
            path: options.cniPlugins,
            others: '/var/lib/cni/results',
          })
        : null,
      holdPorts,
      firewall,
      resolver,
      open: (path) => new NetworkNamespace(path),
    },
    devices: { below: nodesBelow, at: nodesAt },
    files: openFileTree(),
    fileSockets: new FileSockets(join(run, 'files'), uidOf),
    security: {
      rightsOf,
      capabilities: capabilityNames(daemonCapabilities()),
      capabilitiesOnHost: capabilityNames(capabilitiesOnHost()),
      seccomp: seccompAvailable(),
      modules: securityModules(),
      defaultPaths,
      lastGroup: lastGroup(ownMaps()),
    },
    users: openUsers(options, log),
    openReaders: new OpenReaders(),
    recordsLost,
    leaving: new AbortController(),
    stopping: new AbortController(),
  });
  await holder?.hold();
  const last = lastBoot(root);
  const now = bootId();
  await engine.adopt({ freshBoot: last !== '' && last !== now });
  recovered();
  // Not before: if this daemon dies earlier, the next one must still restart containers after the boot.
  if (last !== now) writeIfRoom(bootFile(root), now, log);
  return {
    engine,
    /** Call it after `engine.leave`. */
    close: async () => {
      await engine.close();
      registries[Symbol.dispose]();
      resolver?.[Symbol.dispose]();
      await firewall?.close();
      await folders.settled();
      await store.database.end();
      cgroups.close();
      processes[Symbol.dispose]();
      journal[Symbol.dispose]();
      store[Symbol.dispose]();
      holder?.release();
      for (const fd of locks) closeFd(fd);
    },
  };
}

function openUsers(
  { usernsDefault, usernsPool }: Pick<DaemonOptions, 'usernsDefault' | 'usernsPool'>,
  log: Log,
): UserKernel {
  const isRoot = isRootOnHost();
  const owner = ownUser();
  const { pool, warnings } = isRoot
    ? openPool(usernsPool)
    : { pool: new IdPool(`the subordinate ids of ${owner.name}`, []), warnings: [] };
  for (const warning of warnings) log.warn(warning);
  return Object.assign(new UserNamespaces(pool), {
    byDefault: usernsDefault ?? (isRoot ? 'auto' : 'host'),
    warnings,
    isRootOnHost: isRoot,
    owner,
    ids: ownMaps(),
  } as const);
}

/** Of the process that has connected. */
function uidOf(socket: Socket): number {
  return onHost(peerCredentials(socketFd(socket))).uid;
}

function usualRegistries(isRoot: boolean): string {
  return join(isRoot ? '/etc/liker' : userFolders(process.env, ownUser().uid).config, 'certs.d');
}

function bootFile(root: string): string {
  return join(root, 'boot-id');
}

/** Id of the boot in which a daemon last ran on this root; empty: none did. */
function lastBoot(root: string): string {
  const file = bootFile(root);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Each root has its own parent cgroup, so that daemons beside each other do not touch each other's containers. */
function cgroupName(root: string): string {
  return `liker-${tagOf(root)}`;
}

/** Looks for it when it is first needed. */
function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | null = null;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}

/** That of the usual root has the name that administrators look for. */
function tableName(root: string): string {
  return root === '/var/lib/liker' ? 'liker' : `liker-${tagOf(root)}`;
}

function openFirewall(root: string, log: Log, tableMade: () => Promise<void>): Firewall {
  return new Firewall({
    table: tableName(root),
    tableMade,
    forwarding: { settings: '/proc/sys/net', file: join(root, 'forwarding'), boot: bootId() },
    log: (level, message, fields) => log[level](message, fields),
  });
}

const linkKernel: LinkKernel = {
  ...{ linkProblem, ensureBridge, removeLink, cutLink, linkNamed, ownLinks, forgetAddresses },
  ...{ connectLive, disconnectLive, setDefaultRoutes },
  ...{ answerOnBridge, moveLive, forgetPeer, forgetProxies },
  ...{ hostRoutes, uplinkMtu, hasIpv6 },
  ...{ rateProblem, prepareSender, setRate, freeRate },
};

/** Tells what daemons beside each other have on the host apart. */
function tagOf(root: string): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 8);
}
