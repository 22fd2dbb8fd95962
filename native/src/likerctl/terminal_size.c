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
