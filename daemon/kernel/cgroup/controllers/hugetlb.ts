import { checkBytes } from '../../../../common/checks.ts';
import { invalid, LikerError } from '../../../../common/errors.ts';
import { pageSizeName, parseBytes } from '../../../../common/units.ts';
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

/** The kernel rounds down: half a page would be none. */
function checkPages(bytes: number, pageSize: string, field: string): void {
  checkBytes(bytes, 0, field);
  const page = parseBytes(pageSize, field);
  const below = bytes - (bytes % page);
  if (bytes === -1 || below === bytes) return;
  const fitting = below === 0 ? `${page}` : `${below} or ${below + page}`;
  throw invalid(field, bytes, `it is not a whole number of pages of ${pageSize}; use ${fitting}`);
}

function hugetlbKnob(
  pageSize: string,
  key: 'maxBytes' | 'reservationBytes',
  of: (resources: Resources) => HugetlbLimit | undefined,
): Knob {
  const part = key === 'maxBytes' ? 'max_bytes' : 'reservation_bytes';
  const name = `hugetlb.${pageSize}.${part}`;
  const infix = key === 'maxBytes' ? '' : '.rsvd';
  // Programs may reserve what they may use. With a limit of use alone they could reserve the whole pool of the machine.
  const value = (resources: Resources): number | null =>
    of(resources)?.[key] ?? of(resources)?.maxBytes ?? null;
  return {
    name,
    place: 'hugetlb',
    controller: 'hugetlb',
    requested: (resources) => asText(value(resources)),
    v1: oneFile(`hugetlb.${pageSize}${infix}.limit_in_bytes`, value),
    v2: oneFile(`hugetlb.${pageSize}${infix}.max`, (resources) => orMax(value(resources))),
    checkValue({ hugetlb }, field) {
      const index = hugetlb.findIndex((limit) => limit.pageSize === pageSize);
      checkPages(hugetlb[index]?.[key] ?? -1, pageSize, `${field}[${index}].${part}`);
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
