import { type EngineContext, runFolder } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { explainPlan } from '../plan/explain.ts';
import { containerDevices } from '../rules/limits.ts';
import { compile } from './start.ts';

/** The plan of the container's next start, with the control groups that it would get, as a person reads it. */
export async function explainContainer(context: EngineContext, container: Container) {
  const folder = runFolder(context, container.id);
  const cgroup = context.cgroups.open(container.id, container.spec.cgroupParent);
  const devices = await containerDevices(context, container.spec);
  return explainPlan(compile(context, container, { folder, devices, cgroup, attended: true }));
}
