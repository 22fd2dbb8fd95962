import { joining } from '../networks/joining.ts';
import { names } from '../networks/names.ts';
import { Place } from '../networks/place.ts';
import { traffic } from '../networks/traffic.ts';
import type { Case } from './case.ts';

/** Networks: what they cost a start, what comes through, and what names cost; beside docker and podman, each on a host of its own. */
export const networksCase: Case = async (bench) => {
  await using place = await Place.open(bench);
  const { quick } = bench;
  return [...(await joining(place, quick)), ...(await traffic(place, quick)), await names(place, quick)];
};
