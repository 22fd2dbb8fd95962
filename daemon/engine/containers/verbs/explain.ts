import { realpath } from 'node:fs/promises';
import type { EngineContext } from '../../context.ts';
import { egressOf } from '../../networks/host/egress.ts';
import { previewLinks } from '../../networks/host/preview.ts';
import type { Explanation } from '../api.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import type { AskedSpec, ContainerSpec } from '../model/spec.ts';
import { delegatesCgroup } from '../model/systemd.ts';
import { type ExplainedPlan, explainPlan, type PlannedStart } from '../plan/explain.ts';
import { hostMounts } from '../plan/risks/files.ts';
import { engineSockets } from '../plan/risks/places.ts';
import { risksOf } from '../plan/risks/risks.ts';
import { connectedBy } from '../rules/connection.ts';
import { type ContainerDevices, containerDevices } from '../rules/limits.ts';
import { problemBefore, rateOf } from '../rules/network-rate.ts';
import { usualAddresses } from '../rules/ports.ts';
import { compile } from './compile.ts';
import { createWarnings, draftContainer } from './create.ts';
import { planMounts } from './plan-mounts.ts';
import { rightsOfMain } from './rights.ts';

/** What the container's next start would do, and what the container could do then. Changes nothing. */
export async function explainContainer(context: EngineContext, container: Container): Promise<Explanation> {
  const { id, spec } = container;
  const devices = await containerDevices(context, spec);
  const cgroup = context.cgroups.open(id, { under: spec.cgroupParent, delegated: delegatesCgroup(spec) });
  const writes = context.cgroups.preview(id, spec.resources, {
    allDevices: spec.process.privileged,
    deviceRules: devices.rules,
    mode: spec.limits,
    under: spec.cgroupParent,
  });
  const { mounts } = planMounts(context, container);
  const start: PlannedStart = {
    spec,
    launch: compile(context, container, {
      devices,
      links: previewLinks(context, container),
      mounts,
      cgroup,
      attended: true,
    }),
    cgroups: { paths: cgroup.paths, given: cgroup.delegated.map((key) => cgroup.shown[key] ?? ''), writes },
    rate: problemBefore(context, spec) === null ? rateOf(spec.resources.network) : null,
    publishAddresses: usualAddresses(context),
    connectedBy: connectedBy(context, spec),
    egress: egressOf(context.networks, spec),
    seccomp: rightsOfMain(context.security, spec).seccomp,
    containers: sharedNames(context, spec),
  };
  const plan = explainPlan(start);
  return {
    ...plan,
    userNamespace: container.facts.userNamespace,
    risks: await risks(context, container, { ...start, devices, plan }),
    warnings: [...createWarnings(context, container), ...(await obstacles(context, spec))],
  };
}

/** The same for the container that a create with this spec would make, with the errors of the create. */
export async function explainSpec(
  context: EngineContext,
  asked: AskedSpec,
  options: { readonly replace: boolean },
): Promise<Explanation> {
  return explainContainer(context, await draftContainer(context, asked, options));
}

/** The containers whose namespaces it shares, by the pid of their main process. */
function sharedNames(
  { registry }: EngineContext,
  { namespaces }: ContainerSpec,
): ReadonlyMap<number, string> {
  const others = Object.values(namespaces).flatMap((share) =>
    share.kind === 'container' ? [registry.get(share.id)] : [],
  );
  return new Map(
    others.flatMap(({ name, phase }) => {
      const live = livePhase(phase);
      return live ? [[live.main.pid, name] as const] : [];
    }),
  );
}

/** Firewalls of others that its packets pass. */
async function obstacles({ network: { firewall } }: EngineContext, spec: ContainerSpec): Promise<string[]> {
  if (spec.networks.length === 0 || !firewall || firewall.problem() !== '') return [];
  return (await firewall.obstacles()).map(({ by, tables, allow }) => {
    const whose = [...(by ? [by] : []), ...tables].join(', ');
    const how = allow ? `: ${allow}` : '';
    return `Another firewall (${whose}) drops what containers send and get, unless it is allowed there${how}`;
  });
}

async function risks(
  { paths, registry, users }: EngineContext,
  { facts: { userNamespace, userNamespaceProblem } }: Container,
  {
    spec,
    launch,
    devices,
    plan,
    publishAddresses,
  }: PlannedStart & { readonly devices: ContainerDevices; readonly plan: ExplainedPlan },
) {
  const sources = [
    ...(spec.rootfs.kind === 'directory' ? [spec.rootfs.directory] : []),
    ...spec.mounts.flatMap((mount) => (mount.type === 'bind' ? [mount.source] : [])),
  ];
  const leadsTo = new Map<string, string>();
  for (const source of sources) leadsTo.set(source, await whereTo(source));
  const capabilities = launch.steps.find((step) => step.step === 'bounding')?.set ?? 0n;
  return risksOf({
    spec,
    engineIsRoot: users.isRootOnHost,
    isMapped: userNamespace !== null,
    whyUnmapped: userNamespaceProblem,
    capabilities,
    filter: plan.seccomp,
    cgroupWrites: plan.cgroupWrites,
    readOnlyPaths: launch.steps.flatMap((step) => (step.step === 'read-only' ? [step.target] : [])),
    mounts: hostMounts(spec, {
      steps: launch.steps,
      maps: userNamespace?.maps ?? null,
      pathOf: (path) => leadsTo.get(path) ?? path,
    }),
    devices: devices.nodes,
    deviceRules: devices.rules,
    publishAddresses,
    engineFolders: [paths.root, paths.run],
    engineSockets: await present([[paths.socket, 'likerd'], ...engineSockets]),
    nameOf: (id) => registry.byId(id)?.name ?? id,
  });
}

/** A path without links; one that is still to be made as it is. */
async function whereTo(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}

/** The sockets that are there, by their path without links. */
async function present(sockets: readonly (readonly [path: string, engine: string])[]) {
  const found = await Promise.all(
    sockets.map(async ([path, engine]) => [await realpath(path).catch(() => null), engine] as const),
  );
  return [...new Map(found)].flatMap(([path, engine]) => (path === null ? [] : [[path, engine] as const]));
}
