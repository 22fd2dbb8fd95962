/*
 * liker-tty: what Node cannot ask or tell a terminal, for the client's standard input.
 *   liker-tty size       prints COLUMNS ROWS XPIXELS YPIXELS (ioctl_tty(2), TIOCGWINSZ)
 *   liker-tty no-opost   output passes unchanged (termios(3), OPOST)
 * Ends with 1 when standard input is no terminal, 2 on a wrong command line.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int print_size (void) {
  struct winsize size;
  if (ioctl (STDIN_FILENO, TIOCGWINSZ, &size) < 0)
    return 1;
  printf ("%u %u %u %u\n", size.ws_col, size.ws_row, size.ws_xpixel, size.ws_ypixel);
  return 0;
}

static int pass_output (void) {
  struct termios modes;
  if (tcgetattr (STDIN_FILENO, &modes) < 0)
    return 1;
  modes.c_oflag &= ~(tcflag_t)OPOST;
  return tcsetattr (STDIN_FILENO, TCSADRAIN, &modes) < 0;
}

int main (int argc, char **argv) {
  if (argc == 2 && !strcmp (argv[1], "size"))
    return print_size ();
  if (argc == 2 && !strcmp (argv[1], "no-opost"))
    return pass_output ();
  return 2;
}
