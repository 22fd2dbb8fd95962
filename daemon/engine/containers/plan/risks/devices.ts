import { type DeviceRule, settled } from '../../../../kernel/cgroup/device-rules.ts';
import { asFarAsUserMay, type Found, hasCapability, isHostRoot, type RiskFacts, when } from './facts.ts';
import type { Severity } from './places.ts';

/** Character devices by their number, and what they give away (Documentation/admin-guide/devices.txt). */
const telling: readonly (readonly [major: number, minor: number | null, severity: Severity, what: string])[] =
  [
    [1, 1, 'critical', 'the memory of the machine'],
    [1, 4, 'critical', 'the I/O ports of the machine'],
    [10, 196, 'high', 'hardware with access to all memory (VFIO)'],
    [10, 223, 'high', 'virtual keyboards and mice (uinput)'],
    [13, null, 'high', 'keyboards and mice'],
    [1, 11, 'medium', 'the log of the kernel'],
  ];

export function deviceRisks(facts: RiskFacts): Found[] {
  if (!facts.engineIsRoot) return [];
  if (facts.spec.process.privileged)
    return when(true, 'critical', 'can read and write every disk of the host, since --privileged');
  return settled(facts.deviceRules)
    .filter(({ allow, access }) => allow && /[rw]/.test(access))
    .flatMap((rule) => deviceRisk(rule, facts));
}

function deviceRisk(rule: DeviceRule, facts: RiskFacts): Found[] {
  const { type, major, minor, access } = rule;
  const limit = asFarAsUserMay(facts.spec);
  const nodes = facts.devices.filter(
    (node) =>
      node.type === type && node.major === (major ?? node.major) && node.minor === (minor ?? node.minor),
  );
  // Without a node it needs to make one.
  if (nodes.length === 0 && !(isHostRoot(facts) && hasCapability(facts, 'MKNOD'))) return [];
  const name =
    nodes.length > 0 ? nodes.map(({ path }) => path).join(', ') : `${type} ${major ?? '*'}:${minor ?? '*'}`;
  const can = `can ${[...(access.includes('r') ? ['read'] : []), ...(access.includes('w') ? ['write'] : [])].join(' and ')}`;
  if (type === 'b')
    return when(true, access.includes('w') ? 'critical' : 'high', `${can} the disk ${name}${limit}`);
  return telling
    .filter(([of, number]) => of === (major ?? of) && (number ?? minor) === (minor ?? number))
    .flatMap(([, , severity, what]) => when(true, severity, `${can} ${what}: ${name}${limit}`));
}
