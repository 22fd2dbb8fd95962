import type { Launch, Step } from '../../kernel/plan/steps.ts';

/** A plan as a person reads it: one line a step. */
export function explainPlan(launch: Launch): { name: string; detail: string }[] {
  const { settings } = launch;
  const namespaces = Object.entries({
    mnt: 0x20000,
    uts: 0x4000000,
    ipc: 0x8000000,
    pid: 0x20000000,
    net: 0x40000000,
  })
    .filter(([, flag]) => (settings.cloneFlags & flag) !== 0)
    .map(([name]) => name);
  return [
    {
      name: 'clone',
      detail: `new namespaces: ${namespaces.join(' ')}${settings.cgroup2 ? `, in ${settings.cgroup2}` : ''}`,
    },
    ...launch.steps.map((step) => ({ name: step.step, detail: detail(step) })),
  ];
}

function detail(step: Step): string {
  switch (step.step) {
    case 'mount':
      return `${step.type} ${step.target} ${step.options.map(([key, value]) => (value === null ? key : `${key}=${value}`)).join(',')}`.trim();
    case 'bind':
      return `${step.source} ${step.target}`;
    case 'cgroups':
      return `${step.target} ${step.folders.map(([name]) => name).join(' ')}`;
    case 'file':
      return `${step.target} (${Buffer.byteLength(step.content)} bytes)`;
    case 'symlink':
      return `${step.target} -> ${step.to}`;
    case 'device':
      return `${step.target} ${step.type} ${step.major}:${step.minor}`;
    case 'seccomp':
      return `${step.filter.length / 8} instructions`;
    case 'exec':
      // The environment may hold secrets.
      return step.args.join(' ');
    default:
      return Object.entries(step)
        .filter(([key]) => key !== 'step')
        .map(
          ([key, value]) => `${key}=${typeof value === 'bigint' ? `0x${value.toString(16)}` : String(value)}`,
        )
        .join(' ');
  }
}
