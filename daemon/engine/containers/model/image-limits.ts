import { invalid } from '../../../../common/errors.ts';
import { own } from '../../../../common/own.ts';
import { parseBytes, parseCpus } from '../../../../common/units.ts';
import { limitLabels } from '../../images/model/limit-labels.ts';
import { limitsOf, mergeLimits } from './resources.ts';
import type { AskedSpec } from './spec.ts';

type Labels = Readonly<Record<string, string>>;
type Limited = Pick<AskedSpec, 'resources' | 'capDrop'> & { readonly noNewPrivileges: boolean };

/** The limits that are asked for, completed by those that the image has as labels. Throws BAD_ARGUMENT for a label without a meaning. */
export function withImageLimits(
  { resources, capAdd = [], capDrop = [], process }: AskedSpec,
  labels: Labels,
): Limited {
  const asked = limitsOf(resources ?? {});
  const text = (name: keyof typeof limitLabels): string | undefined => own(labels, limitLabels[name]);
  const bytes = (name: keyof typeof limitLabels): number | null => {
    const value = text(name);
    return value === undefined ? null : parseBytes(value, limitLabels[name]);
  };
  const cpus = text('cpus');
  const hasQuota = asked.cpu.quotaUs !== null || asked.cpu.periodUs !== null;
  const quota = cpus === undefined || hasQuota ? {} : parseCpus(cpus, limitLabels.cpus);
  const ofImage = limitsOf({
    cpu: { ...quota, shares: sharesOf(text('cpuShares')) },
    memory: { maxBytes: bytes('memory'), reservationBytes: bytes('memoryReservation') },
  });
  const dropped =
    text('capDrop')
      ?.split(',')
      .filter((name) => name !== '' && !isAdded(name, capAdd)) ?? [];
  return {
    resources: mergeLimits(ofImage, asked),
    capDrop: [...new Set([...dropped, ...capDrop])],
    noNewPrivileges: process.noNewPrivileges === true || text('noNewPrivileges') === 'true',
  };
}

function sharesOf(value: string | undefined): number | null {
  if (value === undefined) return null;
  if (!/^\d{1,9}$/.test(value)) throw invalid(limitLabels.cpuShares, value, 'give a number');
  return Number(value);
}

/** Whoever adds a capability has it in spite of the image. */
function isAdded(name: string, capAdd: readonly string[]): boolean {
  const added = capAdd.map((given) => given.toUpperCase().replace(/^CAP_/, ''));
  return added.includes('ALL') || added.includes(name);
}
