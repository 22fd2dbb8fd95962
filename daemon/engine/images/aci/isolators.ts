import { own } from '../../../../common/own.ts';
import { limitLabels } from '../model/limit-labels.ts';
import type { AciApp } from './manifest.ts';
import { parseQuantity } from './quantity.ts';

/** The labels of an isolator's limits; null: it is not one that can be kept. */
type Isolator = (value: Readonly<Record<string, unknown>>) => Readonly<Record<string, string>> | null;

/** Of containers that ask for nothing, in the specification. */
const usualCapabilities =
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FSETID FOWNER KILL MKNOD NET_RAW NET_BIND_SERVICE SETUID SETGID SETPCAP SETFCAP SYS_CHROOT';

const isolators: Readonly<Record<string, Isolator>> = {
  'resource/memory': ({ limit, request }) =>
    labelsOf([
      [limitLabels.memory, limit, Math.floor],
      [limitLabels.memoryReservation, request, Math.floor],
    ]),
  'resource/cpu': ({ limit, request }) =>
    labelsOf([
      [limitLabels.cpus, limit, (cores) => cores],
      [limitLabels.cpuShares, request, (cores) => Math.max(2, Math.round(cores * 1024))],
    ]),
  'os/linux/capabilities-remove-set': ({ set }) => {
    const names = namesOf(set);
    return names && { [limitLabels.capDrop]: names.join(',') };
  },
  'os/linux/capabilities-retain-set'({ set }) {
    const names = namesOf(set);
    const usual = usualCapabilities.split(' ');
    // An image does not give itself more than others have.
    if (names === null || !names.every((name) => usual.includes(name))) return null;
    return { [limitLabels.capDrop]: usual.filter((name) => !names.includes(name)).join(',') };
  },
};

/** The isolators as labels, and the names of those that are left out. */
export function isolatorLabels(given: AciApp['isolators']): {
  readonly labels: Readonly<Record<string, string>>;
  readonly lost: readonly string[];
} {
  const lost: string[] = [];
  const labels: Record<string, string> = {};
  for (const { name, value } of given) {
    const kept =
      name === 'os/linux/no-new-privileges'
        ? typeof value === 'boolean' && { [limitLabels.noNewPrivileges]: String(value) }
        : typeof value === 'object' && value !== null && own(isolators, name)?.({ ...value });
    if (kept) Object.assign(labels, kept);
    else lost.push(name);
  }
  return { labels, lost };
}

function labelsOf(
  values: readonly (readonly [label: string, value: unknown, round: (quantity: number) => number])[],
): Readonly<Record<string, string>> | null {
  const labels: Record<string, string> = {};
  for (const [label, value, round] of values) {
    if (value === undefined || value === null) continue;
    const quantity = parseQuantity(value);
    if (quantity === null || quantity <= 0) return null;
    labels[label] = String(round(quantity));
  }
  return labels;
}

/** Without CAP_. */
function namesOf(set: unknown): string[] | null {
  if (!Array.isArray(set) || !set.every((name) => typeof name === 'string' && /^[A-Z_]+$/.test(name)))
    return null;
  return set.map((name: string) => name.replace(/^CAP_/, ''));
}
