import { readdirSync } from 'node:fs';
import { own } from '../../../../common/own.ts';
import { asText, type Knob, lineOf, oneFile, requireWithin } from '../knobs.ts';
import { socketController } from '../layout.ts';
import type { Resources } from '../resources.ts';
import { priorityProgram } from '../socket-priority.ts';

const most = 2 ** 32 - 1;

const classId: Knob = {
  name: 'network.class_id',
  controller: 'net_cls',
  requested: ({ network }) => asText(network.classId),
  v1: oneFile('net_cls.classid', ({ network }) => network.classId),
  v2: null,
  check: ({ network }) => requireWithin('network.class_id', network.classId, [0, most]),
};

const priorityFile = 'net_prio.ifpriomap';

function priorityKnob(name: string): Knob {
  const of = ({ network }: Resources): number => own(network.priorities, name) ?? 0;
  return {
    name: `network.priorities.${name}`,
    controller: 'net_prio',
    requested: (resources) => String(of(resources)),
    v1: {
      file: priorityFile,
      writes: (resources) => [
        { file: priorityFile, value: `${name} ${of(resources)}`, part: lineOf(name, `${name} 0`) },
      ],
    },
    v2: null,
    check: (resources) => requireWithin(`network.priorities.${name}`, of(resources), [0, most]),
  };
}

/** The priority of all that it sends; v1 knows it by interface, and only those of the host. */
const socketPriority: Knob = {
  name: 'network.priority',
  controller: socketController,
  requested: ({ network }) => asText(network.priority),
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
  check: ({ network }) => requireWithin('network.priority', network.priority, [0, 7], ', such as 6'),
};

/** What is attached to the cgroup and written to no file. */
export const programKnobs: readonly Knob[] = [socketPriority];

/** The class and the priority of what the container sends: controllers of v1 only. */
export function networkKnobs({ network }: Resources): Knob[] {
  return [classId, ...Object.keys(network.priorities).map(priorityKnob)];
}
