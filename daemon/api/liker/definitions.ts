import * as codecs from '../../../proto/gen/daemon-codecs.ts';
import type { ContainerServiceDefinition } from '../../../proto/gen/types/liker/v1/ContainerService.ts';
import type { ContainerStateInput } from '../../../proto/gen/types/liker/v1/ContainerState.ts';
import type { EventServiceDefinition } from '../../../proto/gen/types/liker/v1/EventService.ts';
import type { FileServiceDefinition } from '../../../proto/gen/types/liker/v1/FileService.ts';
import type { ImageServiceDefinition } from '../../../proto/gen/types/liker/v1/ImageService.ts';
import type { LeaseServiceDefinition } from '../../../proto/gen/types/liker/v1/LeaseService.ts';
import type { LogServiceDefinition } from '../../../proto/gen/types/liker/v1/LogService.ts';
import type { NetworkServiceDefinition } from '../../../proto/gen/types/liker/v1/NetworkService.ts';
import type { RegistryServiceDefinition } from '../../../proto/gen/types/liker/v1/RegistryService.ts';
import type { SecretServiceDefinition } from '../../../proto/gen/types/liker/v1/SecretService.ts';
import type { SessionServiceDefinition } from '../../../proto/gen/types/liker/v1/SessionService.ts';
import type { StatsServiceDefinition } from '../../../proto/gen/types/liker/v1/StatsService.ts';
import type { StatsSnapshotInput } from '../../../proto/gen/types/liker/v1/StatsSnapshot.ts';
import type { SystemServiceDefinition } from '../../../proto/gen/types/liker/v1/SystemService.ts';
import type { VolumeServiceDefinition } from '../../../proto/gen/types/liker/v1/VolumeService.ts';

// The methods of the services, generated at build time: to generate the codecs of a method at run time takes tens of milliseconds,
// during which the first call of each method would hold up all others.

interface Definitions {
  readonly ContainerService: ContainerServiceDefinition;
  readonly EventService: EventServiceDefinition;
  readonly FileService: FileServiceDefinition;
  readonly ImageService: ImageServiceDefinition;
  readonly LeaseService: LeaseServiceDefinition;
  readonly LogService: LogServiceDefinition;
  readonly NetworkService: NetworkServiceDefinition;
  readonly SecretService: SecretServiceDefinition;
  readonly RegistryService: RegistryServiceDefinition;
  readonly SessionService: SessionServiceDefinition;
  readonly StatsService: StatsServiceDefinition;
  readonly SystemService: SystemServiceDefinition;
  readonly VolumeService: VolumeServiceDefinition;
}

/** Encodes a message whose enumerations are numbers, without the checked copy that a method makes of its response. */
interface Encoder<Message> {
  encode(message: Message): { finish(): Uint8Array };
}

interface Messages {
  readonly StatsSnapshot: Encoder<StatsSnapshotInput>;
  readonly ContainerState: Readonly<
    Record<Extract<ContainerStateInput, string>, Extract<ContainerStateInput, number>>
  >;
}

const generated = codecs as unknown as Definitions & Messages;

/** Keyed by their names in the package liker.v1. */
export const definitions: Definitions = generated;
export const { StatsSnapshot: snapshotEncoder, ContainerState: stateNumbers } = generated;
export const serviceNames = Object.keys(codecs)
  .filter((name) => name.endsWith('Service'))
  .map((name) => `liker.v1.${name}`);
