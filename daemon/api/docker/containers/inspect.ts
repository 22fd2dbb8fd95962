import { healthcheckRecord } from '../../../../common/docker-records.ts';
import { signalName } from '../../../../common/signals.ts';
import type { ContainerView } from '../../../engine/containers/api.ts';
import type { Phase } from '../../../engine/containers/model/phase.ts';
import { commandOf, rootName } from '../../../engine/containers/model/spec.ts';
import type { Door } from '../door.ts';
import { timeText } from '../format/time.ts';
import { type Answer, json } from '../http/answer.ts';
import { type Call, flagOf, nameOf } from '../http/call.ts';
import { hostConfig } from './host-config.ts';
import { mountRecord } from './mount-record.ts';
import { networkSettings } from './network-settings.ts';
import { forEver } from './parse-spec.ts';
import { inside, single, singlePorts } from './ports.ts';

export async function inspectContainer({ engine, execs }: Door, call: Call): Promise<Answer> {
  const view = await engine.containers.get(nameOf(call), { withSize: flagOf(call, 'size') });
  return json(inspectRecord(view, execs.of(view.id)));
}

function inspectRecord(view: ContainerView, execIds: readonly string[]): object {
  const { spec, sizes } = view;
  const [path = '', ...args] = commandOf(spec);
  return {
    Id: view.id,
    Created: timeText(view.createdAt),
    Path: path,
    Args: args,
    State: stateRecord(view),
    Image: imageId(view),
    ResolvConfPath: '',
    HostnamePath: '',
    HostsPath: '',
    LogPath: view.logPath,
    Name: `/${spec.name}`,
    RestartCount: view.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: spec.apparmorProfile,
    ExecIDs: execIds.length > 0 ? execIds : null,
    HostConfig: hostConfig(view),
    GraphDriver: { Name: 'overlay2', Data: {} },
    Mounts: spec.mounts.map((mount) => mountRecord(mount, view.volumePaths)),
    Config: config(view),
    NetworkSettings: networkSettings(view),
    ...(sizes && { SizeRw: sizes.layerBytes, SizeRootFs: sizes.layerBytes }),
  };
}

/** Digest of its configuration; of a container without an image, its directory. */
export function imageId({ spec: { rootfs } }: ContainerView): string {
  return rootfs.kind === 'image' ? rootfs.id : rootfs.directory;
}

/** Docker has no orphaned containers. They run. */
export function stateWord({ state }: Phase): string {
  return state === 'orphaned' ? 'running' : state;
}

function stateRecord({ phase, health, finishedAt }: ContainerView): object {
  const exit = 'exit' in phase ? phase.exit : null;
  const isLive = 'main' in phase;
  return {
    Status: stateWord(phase),
    Running: isLive,
    Paused: phase.state === 'paused',
    Restarting: phase.state === 'restarting',
    OOMKilled: exit?.oomKilled ?? false,
    Dead: false,
    Pid: isLive ? phase.main.pid : 0,
    ExitCode: exit?.code ?? 0,
    Error: exit?.startError ?? '',
    StartedAt: timeText(isLive ? phase.startedAt : exit?.startedAt),
    FinishedAt: timeText(finishedAt ?? exit?.exitedAt),
    ...(health && { Health: { ...healthWords(health), Log: health.log.map(probeRecord) } }),
  };
}

type Health = NonNullable<ContainerView['health']>;

export function healthWords({ status, failingStreak }: Health) {
  return { Status: status, FailingStreak: failingStreak };
}

function probeRecord({ startedAt, endedAt, exitCode, output }: Health['log'][number]): object {
  return { Start: timeText(startedAt), End: timeText(endedAt), ExitCode: exitCode, Output: output };
}

function config(view: ContainerView): object {
  const { spec } = view;
  const { process } = spec;
  return {
    Hostname: spec.hostname,
    Domainname: spec.domainname,
    User: process.user,
    AttachStdin: process.openStdin,
    AttachStdout: true,
    AttachStderr: true,
    ExposedPorts: setOf([
      ...spec.exposedPorts.flatMap(singlePorts),
      ...spec.ports.flatMap(single).map(inside),
    ]),
    Tty: process.tty,
    OpenStdin: process.openStdin,
    StdinOnce: process.openStdin,
    Env: process.env,
    Cmd: process.args,
    ...(spec.healthCheck && { Healthcheck: healthcheckRecord(spec.healthCheck) }),
    Image: rootName(spec.rootfs),
    Volumes: setOf(spec.imageVolumes),
    WorkingDir: process.cwd,
    Entrypoint: spec.entrypoint.length > 0 ? spec.entrypoint : null,
    OnBuild: null,
    Labels: spec.labels,
    StopSignal: signalName(spec.stopSignal),
    StopTimeout: spec.stopTimeoutSeconds === forEver ? -1 : spec.stopTimeoutSeconds,
  };
}

/** As Go writes a set. */
export function setOf(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
