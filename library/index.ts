// The npm package liker: what a program imports.
export { LikerError, type Reason } from '../common/errors.ts';
export type { Container as ContainerInfo } from '../proto/gen/types/liker/v1/Container.ts';
export type { ContainerStats } from '../proto/gen/types/liker/v1/ContainerStats.ts';
export type { Event } from '../proto/gen/types/liker/v1/Event.ts';
export type { ExitStatus } from '../proto/gen/types/liker/v1/ExitStatus.ts';
export type { Image } from '../proto/gen/types/liker/v1/Image.ts';
export type { LayerProgress } from '../proto/gen/types/liker/v1/LayerProgress.ts';
export type { LoadedImage } from '../proto/gen/types/liker/v1/LoadedImage.ts';
export type { LogEntry } from '../proto/gen/types/liker/v1/LogEntry.ts';
export type { Network } from '../proto/gen/types/liker/v1/Network.ts';
export type { PushedImage } from '../proto/gen/types/liker/v1/PushedImage.ts';
export type { Volume } from '../proto/gen/types/liker/v1/Volume.ts';
export { Container, type ExecOptions, type LogOptions, type StopOptions } from './container.ts';
export type { Containers, ListOptions } from './containers.ts';
export type { Archive, CallOptions } from './engine.ts';
export type { FileStats, FolderEntry } from './file-stats.ts';
export type { Files, ReaddirOptions, WriteFileOptions, WriteFlag } from './files.ts';
export type {
  Images,
  ImportedImage,
  ImportOptions,
  LoadOptions,
  ProgressOptions,
  PullOptions,
  PushOptions,
  RegistryOptions,
  SaveOptions,
} from './images.ts';
export type { LeaseOptions } from './lease.ts';
export { type EventOptions, Liker, type LikerOptions } from './liker.ts';
export type { NetworkOptions, Networks } from './networks.ts';
export type {
  ContainerMount,
  ContainerOptions,
  ContainerPort,
  Egress,
  Limits,
  ProcessOptions,
} from './options.ts';
export {
  type Input,
  type Output,
  type OutputPart,
  Process,
  type SessionOptions,
  type TerminalSize,
} from './process.ts';
export type { Volumes } from './volumes.ts';
export type { Condition, WaitOptions } from './wait-for.ts';
export type { FileEvent, FileWatcher } from './watch.ts';
