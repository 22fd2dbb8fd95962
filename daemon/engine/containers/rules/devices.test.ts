import assert from 'node:assert/strict';
import { test } from 'node:test';
import { specOf } from '../../../test/fake-engine.ts';
import { checkDeviceLimits } from './devices.ts';

const device = (access: string) => ({ hostPath: '/dev/fuse', containerPath: '/dev/fuse', access });
const any = { type: 'c', access: 'rwm' } as const;

test('without root, what would limit a device is refused, and what allows one is not', () => {
  const allowing = { devices: [device('rwm'), device('mrw')], deviceRules: [{ ...any, allow: true }] };
  const limits = [
    ['spec.devices[0].access', { devices: [device('r')] }],
    [
      'spec.device_rules[1]',
      {
        deviceRules: [
          { ...any, allow: true },
          { ...any, allow: false },
        ],
      },
    ],
  ] as const satisfies readonly (readonly [string, Parameters<typeof specOf>[0]])[];
  checkDeviceLimits(specOf(allowing), false);
  for (const [field, patch] of limits) {
    checkDeviceLimits(specOf(patch), true);
    const spec = specOf(patch);
    checkDeviceLimits({ ...spec, process: { ...spec.process, privileged: true } }, false);
    assert.throws(
      () => checkDeviceLimits(spec, false),
      (error: Error & { field?: string }) =>
        error.field === field && /likerd runs without root/.test(error.message),
    );
  }
});
