#include "watch_signals.h"
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "likerctl-table.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))

static const int proxied[] = { PROXIED_SIGNALS };
static const int keyboard[] = { KEYBOARD_SIGNALS };
static const int interrupting[] = { INTERRUPTING_SIGNALS };
static const int ending[] = { ENDING_SIGNALS };
/* With a terminal: the size of the user's may change, and raw mode has to be set again after a stop. */
static const int of_terminal[] = { ENDING_SIGNALS, SIGUSR1, SIGCONT, SIGWINCH };

static void add (sigset_t *set, const int *signals, size_t count) {
  for (size_t i = 0; i < count; i++)
    sigaddset (set, signals[i]);
}

static bool is_one_of (int signal, const int *signals, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (signals[i] == signal)
      return true;
  return false;
}

int watch_signals (bool tty) {
  sigset_t set;
  sigemptyset (&set);
  if (tty)
    add (&set, of_terminal, COUNT (of_terminal));
  else
    add (&set, proxied, COUNT (proxied));
  int fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  /* As Node.js does. A write fails all the same. */
  signal (SIGPIPE, SIG_IGN);
  if (fd >= 0)
    sigprocmask (SIG_BLOCK, &set, NULL);
  return fd;
}

int next_signal (int fd) {
  struct signalfd_siginfo info;
  return read (fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

bool is_ending (int signal) { return is_one_of (signal, ending, COUNT (ending)); }

bool is_interrupting (int signal) { return is_one_of (signal, interrupting, COUNT (interrupting)); }

bool is_proxied (int signal, bool tty) {
  if (!tty)
    return is_one_of (signal, proxied, COUNT (proxied));
  return is_one_of (signal, keyboard, COUNT (keyboard)) && (isatty (STDIN_FILENO) || isatty (STDOUT_FILENO));
}
