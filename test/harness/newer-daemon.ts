// A program with arguments RUN_FOLDER [unlimited|until-exit]: takes over the shim of that folder, as a newer likerd does, and ends;
// with until-exit once a process has ended.
import { noBound } from '../../common/shim/protocol.ts';
import { ShimConnection } from '../../daemon/kernel/process/shim.ts';

const [, , run = '', what = ''] = process.argv;
const shim = await ShimConnection.connect(run);
const { promise: exit, resolve } = Promise.withResolvers<void>();
const hear = { get: (_: object, name: string) => (name === 'exit' ? resolve : () => {}) };
// Whether or not the older likerd is back before the response.
await shim.hello(() => new Proxy({}, hear) as Parameters<typeof shim.listen>[0]);
console.log('has it');
if (what === 'unlimited') for (const stream of [1, 2] as const) shim.limit(0, stream, noBound);
if (what === 'until-exit') await exit;
shim.leave();
