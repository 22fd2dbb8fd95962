import { groups } from '../../kernel/cgroup/stats/group.ts';
import { StatsReader } from '../../kernel/cgroup/stats/reader.ts';
import type { CgroupStats } from '../../kernel/cgroup/stats/table.ts';
import type { Container } from '../containers/model/container.ts';
import { livePhase } from '../containers/model/phase.ts';
import { cgroupOf, type EngineContext } from '../context.ts';
import { egressOf, type KnownNetworks } from '../networks/host/egress.ts';
import type { Figures } from './model.ts';

const noNetwork = { files: [], parse: () => null };

/** A reader for the figures of a container's current run; null when it does not run. */
export function figuresReader(
  context: Pick<EngineContext, 'cgroups' | 'proc'> & { readonly networks: KnownNetworks },
  container: Pick<Container, 'id' | 'spec' | 'facts' | 'phase'>,
): StatsReader<Figures> | null {
  const live = livePhase(container.phase);
  if (live === null) return null;
  const isHosts = container.spec.namespaces.network.kind === 'host';
  const both = groups<{ cgroup: CgroupStats; network: Figures['network'] }>({
    cgroup: cgroupOf(context, container).stats(),
    network: isHosts ? noNetwork : context.proc.interfaceStats(live.main.pid),
  });
  return new StatsReader({
    files: both.files,
    parse(texts) {
      const parsed = both.parse(texts);
      const egressDenied = egressOf(context.networks, container.spec) && container.facts.egressDenied;
      return { ...parsed.cgroup, network: parsed.network, egressDenied };
    },
  });
}
