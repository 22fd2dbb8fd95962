/*
 * A program of the container that does not start, of any bytes: what is its interpreter?
 * Input: u8 n, n bytes of answers of the kernel, the program.
 */
#include "steps/interpreter.h"
#include <string.h>
#include "kernel.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 1 || size < (size_t)data[0] + 1)
    return 0;
  char name[PATH_MAX];
  const uint8_t *file = data + 1 + data[0];
  kernel_begin (data + 1, data[0]);
  kernel_file (file, (size_t)(data + size - file));
  memset (name, 'x', sizeof name);
  if (find_missing_interpreter ("/bin/program", name))
    require (*name && memchr (name, '\0', sizeof name), "an interpreter has a name, which ends");
  require (kernel_fds_open () == 0, "every file is closed");
  return 0;
}
