import { own } from '../../../../common/own.ts';

const units: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  ...Object.fromEntries([...'KMGTPE'].map((unit, index) => [unit, 1000 ** (index + 1)])),
  ...Object.fromEntries([...'KMGTPE'].map((unit, index) => [`${unit}i`, 1024 ** (index + 1)])),
};

/** The number of 2G, 123Mi, 500m or 0.3; null for anything else. */
export function parseQuantity(value: unknown): number | null {
  const [, digits = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,9})?)(m|[KMGTPE]i?)?$/.exec(String(value)) ?? [];
  return digits === '' ? null : Number(digits) * (own(units, unit) ?? 1);
}
