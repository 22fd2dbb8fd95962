import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { explainPlan } from '../plan/explain.ts';
import { containerDevices } from '../rules/limits.ts';
import { compile } from './compile.ts';

/** The plan of the container's next start, with the control groups that it would get, as a person reads it. */
export async function explainContainer(context: EngineContext, container: Container) {
  const cgroup = context.cgroups.open(container.id, container.spec.cgroupParent);
  const devices = await containerDevices(context, container.spec);
  return explainPlan(compile(context, container, { devices, cgroup, attended: true }));
}
