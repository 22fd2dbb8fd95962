import { asText, type Knob, lineOf, oneFile, requireWithin } from '../knobs.ts';
import type { Resources } from '../resources.ts';

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
  const of = ({ network }: Resources): number => network.priorities[name] ?? 0;
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

/** The class and the priority of what the container sends: controllers of v1 only. */
export function networkKnobs({ network }: Resources): Knob[] {
  return [classId, ...Object.keys(network.priorities).map(priorityKnob)];
}
