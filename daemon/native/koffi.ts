// The one file that imports koffi: everything else in this folder builds on it.
import koffi from 'koffi';

// Calls in threads run on stacks of koffi's own. In 128 KiB, its default, a walk through folders that a container has nested
// thirty deep ended likerd; native/src/lib/tree_size.c goes so deep that it needs 9 MiB. Only what is touched takes memory.
koffi.config({ async_stack_size: 16 * 1024 * 1024 });

export { koffi };
