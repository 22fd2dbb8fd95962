import { shortId } from '../../common/ids.ts';
import { own } from '../../common/own.ts';
import { formatBytes, humanDuration } from '../../common/units.ts';
import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';
import { quoted } from '../output/visible.ts';
import { ellipsis } from './ellipsis.ts';
import { networkNames } from './network-mode.ts';
import { portsText } from './ports.ts';
import { rootName } from './root-name.ts';
import { isLive, stateWord, statusText } from './status.ts';
import { goTime, toMs } from './timestamp.ts';

const commandWidth = 20;

/** A container for the templates of ps, with Docker's names. */
export interface ContainerRow {
  readonly ID: string;
  readonly Names: string;
  readonly Image: string;
  readonly Rootfs: string;
  readonly Command: string;
  readonly CreatedAt: string;
  readonly RunningFor: string;
  readonly Ports: string;
  readonly Status: string;
  readonly State: string;
  readonly Size: string;
  readonly LogSize: string;
  readonly Labels: string;
  readonly Mounts: string;
  readonly LocalVolumes: string;
  readonly Networks: string;
  readonly Label: (name: string) => string;
}

export interface RowOptions {
  readonly truncate: boolean;
  readonly nowMs: number;
}

export function containerRow(container: Container, { truncate, nowMs }: RowOptions): ContainerRow {
  const { spec } = container;
  const labels = spec?.labels ?? {};
  const command = [...(spec?.entrypoint?.args ?? []), ...(spec?.process?.args ?? [])].join(' ');
  const rootfs = rootName(spec);
  return {
    ID: truncate ? shortId(container.id) : container.id,
    Names: spec?.name ?? '',
    Image: rootfs,
    Rootfs: rootfs,
    Command: quoted(truncate ? ellipsis(command, commandWidth) : command),
    CreatedAt: goTime(container.createdAt),
    RunningFor: `${humanDuration(nowMs - (toMs(container.createdAt) ?? nowMs))} ago`,
    Ports: isLive(container) ? portsText(container.ports, spec?.exposedPorts ?? []) : '',
    Status: statusText(container, nowMs),
    State: stateWord(container),
    Size: formatBytes(container.layerBytes ?? 0),
    LogSize: formatBytes(container.logBytes ?? 0),
    Labels: Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
    Mounts: (spec?.mounts ?? []).map((mount) => mount.source || mount.target).join(','),
    LocalVolumes: String((spec?.mounts ?? []).filter(({ type }) => type === 'TYPE_VOLUME').length),
    Networks: networkNames(container).join(','),
    Label: (name) => own(labels, name) ?? '',
  };
}
