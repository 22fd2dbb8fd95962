#include "terminal_size.h"
#include <unistd.h>

bool terminal_size (struct winsize *size) {
  struct winsize of_stdin = { 0 };
  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, size) < 0 && ioctl (STDERR_FILENO, TIOCGWINSZ, size) < 0)
    return false;
  ioctl (STDIN_FILENO, TIOCGWINSZ, &of_stdin);
  size->ws_xpixel = of_stdin.ws_xpixel;
  size->ws_ypixel = of_stdin.ws_ypixel;
  return size->ws_col && size->ws_row;
}

void put_terminal_size (struct buffer *out, const struct winsize *size) {
  put_number_field (out, VARINT_TAG (1), size->ws_col);
  put_number_field (out, VARINT_TAG (2), size->ws_row);
  put_number_field (out, VARINT_TAG (3), size->ws_xpixel);
  put_number_field (out, VARINT_TAG (4), size->ws_ypixel);
}
