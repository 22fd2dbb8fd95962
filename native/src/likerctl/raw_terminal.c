#include "raw_terminal.h"
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/syscalls.h"
#include "likerctl-table.h"

static struct termios cooked;
static bool is_raw;

/* As the raw mode of Node.js, but that "\n" stays what it is on output: the container's terminal has translated it already. */
void enter_raw (void) {
  if (!is_raw && tcgetattr (STDIN_FILENO, &cooked) < 0)
    return;
  struct termios raw = cooked;
  raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
  raw.c_oflag &= ~(tcflag_t)OPOST;
  raw.c_cflag |= CS8;
  raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  is_raw = tcsetattr (STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

const struct termios *cooked_terminal (void) { return is_raw ? &cooked : NULL; }

void leave_raw (void) {
  if (is_raw)
    tcsetattr (STDIN_FILENO, TCSADRAIN, &cooked);
  is_raw = false;
}

void reset_terminal (void) {
  if (is_raw && isatty (STDOUT_FILENO))
    (void)!write (STDOUT_FILENO, TERMINAL_RESET, sizeof TERMINAL_RESET - 1);
}

/* A child of nobody, since Node.js would not reap it. */
static _Noreturn void guard (int fd) {
  char byte;
  sigset_t all;
  sigfillset (&all);
  sigprocmask (SIG_BLOCK, &all, NULL);
  if (fork () == 0 && RETRY (read (fd, &byte, 1)) == 0)
    tcsetattr (STDIN_FILENO, TCSANOW, &cooked);
  _exit (0);
}

int guard_terminal (void) {
  int ends[2];
  if (pipe2 (ends, O_CLOEXEC) < 0 || fcntl (ends[1], F_SETFD, 0) < 0)
    return -1;
  pid_t child = fork ();
  if (child == 0) {
    close (ends[1]);
    guard (ends[0]);
  }
  return child < 0 || RETRY (waitpid (child, NULL, 0)) < 0 ? -1 : ends[1];
}
