#include "handed_over.h"
#include <fcntl.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/memfd.h"
#include "buffer.h"

/* Numbers of fields. */
enum {
  REQUEST_ID = 1,
  CALL = 2,
  REST = 4,
  READY = 6,
  STDOUT_OFFSET = 7,
  STDERR_OFFSET = 8,
  COOKED = 20,
  INTERRUPTS = 21,
  GUARD = 26,
};

static void encode (struct buffer *out, const struct handed_over *state) {
  put_field (out, BYTES_TAG (REQUEST_ID), state->request_id, strlen (state->request_id));
  put_number_field (out, VARINT_TAG (CALL), (uint64_t)state->call + 1);
  put_field (out, BYTES_TAG (REST), state->rest, state->rest_length);
  if (state->ready)
    put_field (out, BYTES_TAG (READY), state->ready, state->ready_length);
  put_number_field (out, VARINT_TAG (STDOUT_OFFSET), state->shown[0]);
  put_number_field (out, VARINT_TAG (STDERR_OFFSET), state->shown[1]);
  if (state->cooked)
    put_field (out, BYTES_TAG (COOKED), state->cooked, sizeof *state->cooked);
  put_number_field (out, VARINT_TAG (GUARD), (uint64_t)state->guard + 1);
  put_number_field (out, VARINT_TAG (INTERRUPTS), state->interrupts);
}

int handed_over_file (const struct handed_over *state) {
  struct buffer encoded = { 0 };
  encode (&encoded, state);
  cleanup_fd int fd = open_memfd ("liker-session", false);
  bool is_written = fd >= 0 && write_all (fd, encoded.data, encoded.length) == 0;
  free (encoded.data);
  if (!is_written || fcntl (fd, F_SETFD, 0) < 0 || (state->call >= 0 && fcntl (state->call, F_SETFD, 0) < 0))
    return -1;
  return steal_fd (&fd);
}
