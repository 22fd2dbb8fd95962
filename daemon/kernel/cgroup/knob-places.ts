import { sideOf } from './apply.ts';
import { devicesPlace } from './controllers/devices.ts';
import { readOptional } from './files.ts';
import type { Knob } from './knobs.ts';
import { controllerPlace, type Layout, type Place, partName } from './layout.ts';
import { allKnobs } from './table.ts';

/** Where one limit is set on this machine. */
export interface KnobPlace {
  /** The API's name, such as memory.high_bytes. */
  readonly knob: string;
  readonly controller: string;
  /** 0: nowhere. */
  readonly version: 0 | 1 | 2;
  /** File in a container's cgroup; empty if there is none. */
  readonly file: string;
  /** Why it cannot be set; empty if it can. */
  readonly problem: string;
}

const at = (place: Place): string => `v${place.version} at ${place.mountPoint}`;

function placeOf(knob: Knob, layout: Layout): KnobPlace {
  const { name, controller } = knob;
  const base = { knob: name, controller, version: 0, file: '' } as const;
  const place = controllerPlace(layout, controller);
  if (place === undefined) {
    const why = layout.problems.get(controller) ?? `${partName(controller)} is not mounted`;
    return { ...base, problem: knob.v2 === null ? `${why} (v1 only)` : why };
  }
  const side = sideOf(place.version === 1 ? knob.v1 : knob.v2, place, layout.seen);
  if (side === null) {
    return { ...base, problem: `controller '${controller}' is ${at(place)}; v${3 - place.version} only` };
  }
  if (!layout.seen.has(`${place.parent}/${side.file}`)) {
    return { ...base, file: side.file, problem: `this kernel has no ${side.file} (${at(place)})` };
  }
  return { ...base, version: place.version, file: side.socketProgram ? 'eBPF' : side.file, problem: '' };
}

function devices(layout: Layout): KnobPlace {
  const place = devicesPlace(layout);
  const base = { knob: 'devices', controller: 'devices' } as const;
  if (place === undefined) {
    const problem =
      layout.delegation !== null
        ? 'only root may attach the program that restricts devices'
        : 'neither the v1 controller nor cgroup v2 is mounted';
    return { ...base, version: 0, file: '', problem };
  }
  return {
    ...base,
    version: place.version,
    file: place.version === 1 ? 'devices.allow' : 'eBPF',
    problem: '',
  };
}

function freezer({ tracking }: Layout): KnobPlace {
  const file = tracking.version === 1 ? 'freezer.state' : 'cgroup.freeze';
  return { knob: 'freezer', controller: 'freezer', version: tracking.version, file, problem: '' };
}

/** Pressure stall information is part of v2's core: it needs no controller. */
function pressure({ places }: Layout): KnobPlace[] {
  const place = places.find(({ version }) => version === 2);
  return ['cpu', 'memory', 'io'].map((what) => {
    const file = `${what}.pressure`;
    const isThere = place !== undefined && readable(`${place.parent}/${file}`);
    const problem = isThere
      ? ''
      : place === undefined
        ? 'cgroup v2 is not mounted'
        : `this kernel has no ${file}`;
    return { knob: `psi.${what}`, controller: 'cgroup', version: isThere ? 2 : 0, file, problem };
  });
}

function readable(path: string): boolean {
  try {
    return readOptional(path) !== null;
  } catch {
    return false;
  }
}

/** Where each limit that Liker knows is set, or why it cannot be. */
export function knobPlaces(layout: Layout): KnobPlace[] {
  return [
    ...allKnobs().map((knob) => placeOf(knob, layout)),
    devices(layout),
    freezer(layout),
    ...pressure(layout),
  ];
}
