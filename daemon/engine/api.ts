import type { Registries } from '../registry/api.ts';
import type { ContainerService } from './containers/api.ts';
import type { SessionService } from './containers/session-api.ts';
import type { FileService } from './files/api.ts';
import type { ImageService } from './images/api.ts';
import type { EventService } from './journal/events.ts';
import type { LeaseService } from './leases/api.ts';
import type { LogService } from './logs/api.ts';
import type { NetworkService } from './networks/api.ts';
import type { SecretService } from './secrets/api.ts';
import type { StatsService } from './stats/model.ts';
import type { SystemService } from './system/api.ts';
import type { VolumeService } from './volumes/api.ts';

/** Registries, as the edge uses them. */
export type RegistryService = Pick<Registries, 'checkCredentials' | 'open'>;

/** What the engine offers to its edge: one service for each kind of thing. */
export interface Services {
  readonly containers: ContainerService;
  readonly sessions: SessionService;
  readonly logs: LogService;
  readonly events: EventService;
  readonly files: FileService;
  readonly images: ImageService;
  readonly stats: StatsService;
  readonly secrets: SecretService;
  readonly system: SystemService;
  readonly volumes: VolumeService;
  readonly networks: NetworkService;
  readonly leases: LeaseService;
  readonly registries: RegistryService;
}
