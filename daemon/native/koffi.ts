// Only this file imports koffi.
import koffi from 'koffi';

// koffi allocates the stacks of calls in threads. With its default of 128 KiB, a walk through folders that a container had nested
// thirty deep crashed likerd; native/src/lib/tree_room.c needs up to 9 MiB. Only what is used takes memory.
koffi.config({ async_stack_size: 16 * 1024 * 1024 });

export { koffi };
