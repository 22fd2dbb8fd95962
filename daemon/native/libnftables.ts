import { LikerError } from '../../common/errors.ts';
import { inThread } from './in-thread.ts';
import { koffi } from './koffi.ts';

export interface Libnftables {
  /** Carries out commands of nft(8) in one transaction, in a thread. Throws LikerError with the library's words. */
  run(commands: string): Promise<void>;
}

function load(): Libnftables {
  const library = koffi.load('libnftables.so.1');
  const open = library.func('void *nft_ctx_new (uint32_t flags)');
  const close = library.func('void nft_ctx_free (void *context)');
  const keepErrors = library.func('int nft_ctx_buffer_error (void *context)');
  const errors = library.func('const char *nft_ctx_get_error_buffer (void *context)');
  const run = library.func('int nft_run_cmd_from_buffer (void *context, const char *commands)');
  return {
    async run(commands) {
      const context: unknown = open(0);
      try {
        keepErrors(context);
        if ((await inThread(run, context, commands)) === 0) return;
        const [words = ''] = String(errors(context) ?? '').split('\n');
        throw new LikerError('SYSCALL', `Cannot set up the firewall: nftables refused it (${words})`, {
          syscall: {
            step: 'firewall',
            syscall: 'nft_run_cmd_from_buffer',
            errno: 'EINVAL',
            object: 'nftables',
          },
        });
      } finally {
        close(context);
      }
    },
  };
}

let loaded: Libnftables | undefined;

/** The library, loaded when it is needed; null if it is not installed. */
export function libnftables(): Libnftables | null {
  try {
    loaded ??= load();
    return loaded;
  } catch {
    return null;
  }
}
