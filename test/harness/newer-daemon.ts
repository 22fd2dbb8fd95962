// A program with arguments RUN_FOLDER [unlimited]: takes over the shim of that folder, as a newer likerd does, and ends.
import { noBound } from '../../daemon/kernel/process/protocol.ts';
import { ShimConnection } from '../../daemon/kernel/process/shim.ts';

const shim = await ShimConnection.connect(process.argv[2] ?? '');
const nobody = new Proxy({}, { get: () => () => {} }) as Parameters<typeof shim.listen>[0];
// Whether or not the older likerd is back before the response.
await shim.hello(() => nobody);
if (process.argv[3] === 'unlimited') for (const stream of [1, 2] as const) shim.limit(0, stream, noBound);
shim.leave();
