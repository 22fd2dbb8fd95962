import { badArgument } from '../../../../common/errors.ts';
import type { Knob, KnobSide } from '../knobs.ts';
import type { Resources } from '../resources.ts';

/** CONTROLLER.FILE, without a slash or "..". */
const filePattern = /^[a-z][a-z_]*(\.[A-Za-z0-9_]+)+$/;

/** Files that the engine uses itself, or that would let a container escape its limits. */
const reserved = new Set([
  'cgroup.procs',
  'cgroup.threads',
  'cgroup.type',
  'cgroup.kill',
  'cgroup.freeze',
  'cgroup.subtree_control',
  'cgroup.event_control',
  'cgroup.clone_children',
  'devices.allow',
  'devices.deny',
  'freezer.state',
]);

function checkSetting(file: string, value: string, field: string): void {
  const bad = (why: string) => badArgument(field, `Cannot write '${file}' of the cgroup: ${why}`);
  if (!filePattern.test(file)) throw bad('give the name of a file as the kernel has it, such as memory.high');
  if (reserved.has(file)) throw bad('the engine itself uses it');
  if (value === '' || /[\0\n]/.test(value)) throw bad('the value must be one line, such as 64000000');
}

/** v1's blkio is io on v2. */
function controllerOf(file: string): string {
  const [prefix = ''] = file.split('.');
  return prefix === 'blkio' ? 'io' : prefix;
}

function settingKnob(file: string, index: number): Knob {
  const of = ({ cgroup }: Resources): string | null => cgroup.settings[index]?.value ?? null;
  // Each write to a file has its own key, since several settings may write to the same file.
  const side: KnobSide = {
    file,
    writes: (resources) => [
      { file, value: of(resources) ?? '', part: { key: `setting ${index}`, of: (text) => text } },
    ],
  };
  return {
    name: `cgroup.settings.${file}`,
    place: 'cgroup.settings',
    controller: controllerOf(file),
    requested: of,
    v1: side,
    v2: side,
    checkValue: (resources, field) => checkSetting(file, of(resources) ?? '', field),
  };
}

/** Kernel files by name, for limits without a knob. */
export function settingKnobs({ cgroup }: Resources): Knob[] {
  return cgroup.settings.map(({ file }, index) => settingKnob(file, index));
}
