import { loadPackageDefinition } from '@grpc/grpc-js';
import { fromJSON, type Options, type PackageDefinition } from '@grpc/proto-loader';
import descriptor from '../../proto/gen/liker.json' with { type: 'json' };
import type { ProtoGrpcType as ContainerTypes } from '../../proto/gen/types/container_service.ts';
import type { ProtoGrpcType as EventTypes } from '../../proto/gen/types/event_service.ts';
import type { ProtoGrpcType as FileTypes } from '../../proto/gen/types/file_service.ts';
import type { ProtoGrpcType as ImageTypes } from '../../proto/gen/types/image_service.ts';
import type { ProtoGrpcType as LeaseTypes } from '../../proto/gen/types/lease_service.ts';
import type { ProtoGrpcType as LogTypes } from '../../proto/gen/types/log_service.ts';
import type { ProtoGrpcType as NetworkTypes } from '../../proto/gen/types/network_service.ts';
import type { ProtoGrpcType as RegistryTypes } from '../../proto/gen/types/registry_service.ts';
import type { ProtoGrpcType as SessionTypes } from '../../proto/gen/types/session_service.ts';
import type { ProtoGrpcType as StatsTypes } from '../../proto/gen/types/stats_service.ts';
import type { ProtoGrpcType as SystemTypes } from '../../proto/gen/types/system_service.ts';
import type { ProtoGrpcType as VolumeTypes } from '../../proto/gen/types/volume_service.ts';

/** 64-bit numbers come as Number: offsets and sizes stay below 2^53; an "unlimited" of 2^64-1 comes as 2^64. */
const options: Options = { longs: Number, enums: String, defaults: true, oneofs: true };

const packageDefinition: PackageDefinition = fromJSON(
  // Its inferred type is that of this very descriptor.
  descriptor as unknown as Parameters<typeof fromJSON>[0],
  options,
);

type V1 = ContainerTypes['liker']['v1'] &
  FileTypes['liker']['v1'] &
  RegistryTypes['liker']['v1'] &
  SessionTypes['liker']['v1'] &
  FileTypes['liker']['v1'] &
  ImageTypes['liker']['v1'] &
  FileTypes['liker']['v1'] &
  LeaseTypes['liker']['v1'] &
  LogTypes['liker']['v1'] &
  NetworkTypes['liker']['v1'] &
  EventTypes['liker']['v1'] &
  StatsTypes['liker']['v1'] &
  SystemTypes['liker']['v1'] &
  VolumeTypes['liker']['v1'];

/** Service constructors (for clients) with their `.service` definitions (for the server). */
export const v1: V1 = (loadPackageDefinition(packageDefinition) as unknown as { liker: { v1: V1 } }).liker.v1;
