import { checkBytes } from '../../../../common/checks.ts';
import { LikerError } from '../../../../common/errors.ts';
import { pageSizeName } from '../../../../common/units.ts';
import { childFolders } from '../files.ts';
import { asText, type Knob, oneFile, orMax } from '../knobs.ts';
import type { HugetlbLimit, Resources } from '../resources.ts';

const sizesFolder = '/sys/kernel/mm/hugepages';

let known: readonly string[] | undefined;

/** The kernel's sizes of huge pages; hugepages-2048kB is 2MB. */
export function pageSizes(): readonly string[] {
  known ??= childFolders(sizesFolder)
    .map((name) => Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]) * 1024)
    .filter((bytes) => bytes > 0)
    .sort((a, b) => a - b)
    .map(pageSizeName);
  return known;
}

function requirePageSize(knob: string, requested: string, pageSize: string): void {
  const available = pageSizes();
  if (available.includes(pageSize)) return;
  throw new LikerError(
    'LIMIT_REFUSED',
    `Cannot set ${knob} to ${requested}: there are no huge pages of ${pageSize} here; available: ` +
      `${available.join(', ') || 'none'}`,
    { knob, metadata: { controller: 'hugetlb', knob, requested, path: sizesFolder } },
  );
}

function hugetlbKnob(
  pageSize: string,
  key: 'maxBytes' | 'reservationBytes',
  of: (resources: Resources) => HugetlbLimit | undefined,
): Knob {
  const part = key === 'maxBytes' ? 'max_bytes' : 'reservation_bytes';
  const name = `hugetlb.${pageSize}.${part}`;
  const infix = key === 'maxBytes' ? '' : '.rsvd';
  const value = (resources: Resources): number | null => of(resources)?.[key] ?? null;
  return {
    name,
    place: 'hugetlb',
    controller: 'hugetlb',
    requested: (resources) => asText(value(resources)),
    v1: oneFile(`hugetlb.${pageSize}${infix}.limit_in_bytes`, value),
    v2: oneFile(`hugetlb.${pageSize}${infix}.max`, (resources) => orMax(value(resources))),
    checkValue({ hugetlb }, field) {
      const index = hugetlb.findIndex((limit) => limit.pageSize === pageSize);
      checkBytes(hugetlb[index]?.[key] ?? -1, 0, `${field}[${index}].${part}`);
    },
    check: (resources) => requirePageSize(name, String(value(resources)), pageSize),
  };
}

/** Both knobs of each page size that the limits name. */
export function hugetlbKnobs({ hugetlb }: Resources): Knob[] {
  return hugetlb.flatMap(({ pageSize }) => {
    const of = (resources: Resources) => resources.hugetlb.find((limit) => limit.pageSize === pageSize);
    return [hugetlbKnob(pageSize, 'reservationBytes', of), hugetlbKnob(pageSize, 'maxBytes', of)];
  });
}
