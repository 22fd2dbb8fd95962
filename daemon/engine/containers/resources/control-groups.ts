import type { GroupOwner } from '../../../kernel/cgroup/delegate.ts';
import { toOutside } from '../../../kernel/users/id-maps.ts';
import { cgroupOf } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { delegatesCgroup } from '../model/systemd.ts';
import { requireThawedAbove } from '../model/thawed.ts';
import type { RunResource } from './run-resource.ts';

/** A group in every hierarchy, with the container's limits. */
export const controlGroups: RunResource = {
  async acquire(context, start) {
    const { container } = start;
    const { id, spec } = container;
    const cgroup = await context.cgroups.create(id, spec.resources, {
      allDevices: spec.process.privileged,
      deviceRules: start.devices.rules,
      mode: spec.limits,
      under: spec.cgroupParent,
      delegateTo: delegatesCgroup(spec) ? rootInside(container) : null,
    });
    try {
      requireThawedAbove(container, cgroup, 'start');
    } catch (error) {
      await cgroup.remove();
      throw error;
    }
    start.cgroupPaths = cgroup.paths;
    start.applied.push(...cgroup.applied);
  },

  /** The earlier daemon died between the freezer and the record, or while it signalled all processes: no client heard of a pause. */
  async reattach(context, container) {
    const cgroup = cgroupOf(context, container);
    // An orphan may have been paused before it was one.
    if (['paused', 'orphaned'].includes(container.phase.state) || !cgroup.frozen()) return;
    await cgroup.thaw();
    context.log.warn('thawing a container that was not recorded as paused', { container: container.id });
  },

  /** Processes that outlived the main process are killed. */
  async release(context, container) {
    const cgroup = cgroupOf(context, container);
    if (await cgroup.populated()) await cgroup.kill();
    await cgroup.remove();
  },
};

function rootInside({ facts: { userNamespace } }: Container): GroupOwner {
  const { uids = [], gids = [] } = userNamespace?.maps ?? {};
  return { uid: toOutside(uids, 0) ?? 0, gid: toOutside(gids, 0) ?? 0 };
}
