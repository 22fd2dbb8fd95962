import { LikerError } from '../../../../common/errors.ts';
import type { AppliedLimit, LimitsMode, Resources } from '../resources.ts';
import { knobsFor } from '../table.ts';

/** Throws CGROUP_CONTROLLER_MISSING for the first limit that was asked for; in best-effort mode it returns all as left out. */
export function refuseLimits(resources: Resources, problem: string, mode: LimitsMode): AppliedLimit[] {
  return knobsFor(resources).flatMap((knob) => {
    const requested = knob.requested(resources);
    if (requested === null) return [];
    const error = new LikerError(
      'CGROUP_CONTROLLER_MISSING',
      `Cannot set ${knob.name} to ${requested}: ${problem}`,
      { knob: knob.name, metadata: { controller: knob.controller, knob: knob.name } },
    );
    if (mode === 'strict') throw error;
    return [{ knob: knob.name, requested, file: '', written: '', effective: '', problem: error.message }];
  });
}
