import { badArgument } from '../../common/errors.ts';
import { TtrpcWire } from './ttrpc-wire.ts';
import type { OpenWire } from './wire.ts';

/** The wire that LIKER_WIRE names. */
export async function wireFrom(env: NodeJS.ProcessEnv): Promise<OpenWire> {
  const name = env['LIKER_WIRE'] || 'ttrpc';
  if (name === 'ttrpc') return (socketPath) => new TtrpcWire(socketPath);
  if (name === 'grpc') return await grpcWire();
  throw badArgument('LIKER_WIRE', `Cannot use LIKER_WIRE=${name}: give ttrpc or grpc`);
}

/** Loaded on use: HTTP/2 takes longer to load than everything else. */
export async function grpcWire(): Promise<OpenWire> {
  const { GrpcWire } = await import('./grpc-wire.ts');
  return (socketPath) => new GrpcWire(socketPath);
}
