import { PassThrough, Writable } from 'node:stream';
import { waiting } from './waiting.ts';

/** What is written is sent as it comes; the stream is finished once all has been taken. It keeps a program alive while something waits. */
export function uploadStream(send: (bytes: AsyncIterable<Uint8Array>) => Promise<void>): Writable {
  const bytes = new PassThrough();
  // Whoever iterates it gets the error.
  bytes.on('error', () => {});
  const sent = send(bytes);
  const stream = new Writable({
    write(chunk, encoding, done) {
      const { promise, resolve } = Promise.withResolvers<void>();
      void waiting(Promise.race([promise, sent.catch(() => {})]));
      bytes.write(chunk, encoding, (error) => {
        resolve();
        done(error);
      });
    },
    final(done) {
      bytes.end();
      waiting(sent).then(() => done(), done);
    },
    destroy(error, done) {
      bytes.destroy(error ?? undefined);
      done(error);
    },
  });
  sent.catch((error) => stream.destroy(error));
  return stream;
}
