import * as codecs from '../../proto/gen/client-codecs.ts';
import type { ContainerServiceDefinition } from '../../proto/gen/types/liker/v1/ContainerService.ts';
import type { EventServiceDefinition } from '../../proto/gen/types/liker/v1/EventService.ts';
import type { FileServiceDefinition } from '../../proto/gen/types/liker/v1/FileService.ts';
import type { ImageServiceDefinition } from '../../proto/gen/types/liker/v1/ImageService.ts';
import type { LeaseServiceDefinition } from '../../proto/gen/types/liker/v1/LeaseService.ts';
import type { LogServiceDefinition } from '../../proto/gen/types/liker/v1/LogService.ts';
import type { NetworkServiceDefinition } from '../../proto/gen/types/liker/v1/NetworkService.ts';
import type { RegistryServiceDefinition } from '../../proto/gen/types/liker/v1/RegistryService.ts';
import type { SecretServiceDefinition } from '../../proto/gen/types/liker/v1/SecretService.ts';
import type { SessionServiceDefinition } from '../../proto/gen/types/liker/v1/SessionService.ts';
import type { StatsServiceDefinition } from '../../proto/gen/types/liker/v1/StatsService.ts';
import type { SystemServiceDefinition } from '../../proto/gen/types/liker/v1/SystemService.ts';
import type { VolumeServiceDefinition } from '../../proto/gen/types/liker/v1/VolumeService.ts';

// The methods of the services, generated at build time: to generate and compile the codecs of one call at run time would take as
// long as everything else in likerctl.

export const containers = codecs.ContainerService as unknown as ContainerServiceDefinition;
export const sessions = codecs.SessionService as unknown as SessionServiceDefinition;
export const files = codecs.FileService as unknown as FileServiceDefinition;
export const images = codecs.ImageService as unknown as ImageServiceDefinition;
export const leases = codecs.LeaseService as unknown as LeaseServiceDefinition;
export const logs = codecs.LogService as unknown as LogServiceDefinition;
export const networks = codecs.NetworkService as unknown as NetworkServiceDefinition;
export const events = codecs.EventService as unknown as EventServiceDefinition;
export const stats = codecs.StatsService as unknown as StatsServiceDefinition;
export const secrets = codecs.SecretService as unknown as SecretServiceDefinition;
export const system = codecs.SystemService as unknown as SystemServiceDefinition;
export const registries = codecs.RegistryService as unknown as RegistryServiceDefinition;
export const volumes = codecs.VolumeService as unknown as VolumeServiceDefinition;
