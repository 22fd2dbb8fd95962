import { readdirSync } from 'node:fs';
import { checkRange } from '../../../../common/checks.ts';
import { badArgument } from '../../../../common/errors.ts';
import { own } from '../../../../common/own.ts';
import { type Knob, lineOf, oneFile, wholeNumber } from '../knobs.ts';
import { socketController } from '../layout.ts';
import type { Resources } from '../resources.ts';
import { priorityProgram } from '../socket-priority.ts';

const most = 2 ** 32 - 1;

const classId: Knob = {
  name: 'network.class_id',
  controller: 'net_cls',
  ...wholeNumber(({ network }) => network.classId, [0, most]),
  v1: oneFile('net_cls.classid', ({ network }) => network.classId),
  v2: null,
};

const priorityFile = 'net_prio.ifpriomap';

/** Like the kernel's dev_valid_name. */
function checkInterface(name: string, field: string): void {
  if (!/^[^\s/:]{1,15}$/.test(name) || name === '.' || name === '..')
    throw badArgument(field, `Invalid interface '${name}' in ${field}`);
}

function priorityKnob(name: string): Knob {
  const of = ({ network }: Resources): number => own(network.priorities, name) ?? 0;
  return {
    name: `network.priorities.${name}`,
    place: 'network.priorities',
    controller: 'net_prio',
    requested: (resources) => String(of(resources)),
    v1: {
      file: priorityFile,
      writes: (resources) => [
        { file: priorityFile, value: `${name} ${of(resources)}`, part: lineOf(name, `${name} 0`) },
      ],
    },
    v2: null,
    checkValue(resources, field) {
      checkInterface(name, field);
      checkRange(of(resources), [0, most, 5], `${field}.${name}`);
    },
  };
}

/** The priority of what it sends. v1 sets it for each interface, and only for those of the host. */
const socketPriority: Knob = {
  name: 'network.priority',
  controller: socketController,
  ...wholeNumber(({ network }) => network.priority, [0, 7, 6]),
  v1: {
    file: priorityFile,
    writes: ({ network }) =>
      readdirSync('/sys/class/net').map((name) => ({
        file: priorityFile,
        value: `${name} ${network.priority}`,
        part: lineOf(name, `${name} 0`),
      })),
  },
  v2: {
    file: '',
    writes: () => [],
    socketProgram: ({ network: { priority } }) => (priority ? priorityProgram(priority) : null),
  },
};

/** Limits that are attached to the cgroup instead of written to a file. */
export const programKnobs: readonly Knob[] = [socketPriority];

/** The class and the priorities of what the container sends, with controllers that only v1 has. */
export function networkKnobs({ network }: Resources): Knob[] {
  return [classId, ...Object.keys(network.priorities).map(priorityKnob)];
}
