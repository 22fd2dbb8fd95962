import {
  cloneFlag,
  foundId,
  type Launch,
  mountAttr,
  ms,
  notHeld,
  type Step,
} from '../../../kernel/plan/steps.ts';
import { capabilityNames } from '../../../kernel/security/capabilities.ts';
import { rlimitNames } from '../../../kernel/security/rlimits.ts';
import type { IdRun } from '../../../kernel/users/id-maps.ts';

/** A plan as a person reads it: one line a step. */
export function explainPlan(launch: Launch): { name: string; detail: string }[] {
  const { settings } = launch;
  return [
    {
      name: 'clone',
      detail: `new namespaces: ${names(settings.cloneFlags, cloneFlag, ' ')}${settings.cgroup2 ? `, in ${settings.cgroup2}` : ''}`,
    },
    ...launch.steps.map((step) => ({ name: step.step, detail: detail(step) })),
  ];
}

function detail(step: Step): string {
  switch (step.step) {
    case 'mount':
      return `${step.type} ${step.target} ${[...step.options.map(([key, value]) => (value === null ? key : `${key}=${value}`)), ...attributes(step)].join(',')}`.trim();
    case 'bind':
      return `${step.source} ${step.target} ${attributes(step).join(',')}`.trim();
    case 'cgroups':
      return `${step.target} ${step.folders.map(([name]) => name).join(' ')}`;
    case 'file':
      return `${step.target} (${Buffer.byteLength(step.content)} bytes)`;
    case 'symlink':
      return `${step.target} -> ${step.to}`;
    case 'device':
      return `${step.target} ${step.type} ${step.major}:${step.minor}`;
    case 'unshare':
      return `new namespaces: ${names(step.flags, cloneFlag, ' ')}`;
    case 'propagation':
      return names(step.flags, ms, ' ').toLowerCase();
    case 'rlimit':
      return `${rlimitNames[step.resource] ?? step.resource} soft=${step.soft} hard=${step.hard}`;
    case 'id-map':
      return `uids ${runs(step.uids)}; gids ${runs(step.gids)}`;
    case 'take-overlay':
      return `${step.lowers.join(' ')} ${step.layer}${step.volatile ? ' volatile' : ''}`;
    case 'take-devices':
      return step.nodes.map(({ name, type, major, minor }) => `${name} ${type} ${major}:${minor}`).join(', ');
    case 'attach':
      return step.trees.map(([tree, target]) => `tree=${tree} ${target}`).join(', ');
    case 'umask':
      return step.mask.toString(8).padStart(4, '0');
    case 'terminal':
      return `console=${step.console} uid=${step.uid === foundId ? 'as looked up' : step.uid} gid=${step.gid}`;
    case 'user':
      return step.uid === foundId ? 'as looked up' : `uid=${step.uid} gid=${step.gid}`;
    case 'seccomp':
      return `${step.filter.length / 8} instructions`;
    case 'exec':
      // The environment may hold secrets.
      return step.args.join(' ');
    default:
      return Object.entries(step)
        .filter(([key]) => key !== 'step')
        .map(([key, value]) => `${key}=${valueText(key, value)}`)
        .join(' ');
  }
}

function runs(list: readonly IdRun[]): string {
  return list
    .map(
      ({ inside, outside, count }) => `${inside}-${inside + count - 1} as ${outside}-${outside + count - 1}`,
    )
    .join(', ');
}

function valueText(key: string, value: unknown): string {
  // The bit sets are those of capabilities.
  if (typeof value === 'bigint') return capabilityNames(value).join(',') || 'none';
  if (key === 'map' && value === notHeld) return 'none';
  if (key === 'flag') return names(Number(value), cloneFlag, ',');
  if (key === 'attributes') return attributes({ attributes: Number(value) }).join(',') || 'none';
  return String(value);
}

/** As options of mount(8). */
function attributes({ attributes: set }: { readonly attributes: number }): string[] {
  // ATIME is a mask of three.
  const { ATIME: _, ...known } = mountAttr;
  return names(set, known, ',').toLowerCase().replace('rdonly', 'ro').split(',').filter(Boolean);
}

/** Names of the flags that are set. */
function names(flags: number, table: Readonly<Record<string, number>>, separator: string): string {
  const set = Object.entries(table).filter(([, flag]) => flag !== 0 && (flags & flag) === flag);
  return set.map(([name]) => name).join(separator);
}
