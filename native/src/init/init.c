/*
 * liker-init: the first process of a container. It forwards signals to the program, which is its one child, reaps
 * whatever is left to it, and ends when the program ends, whose wait status it tells on a socket.
 *
 * It is executed with exactly what the program has: the same user, capabilities, filter, environment and output, in a
 * fresh memory image. So a process of the container that may look at the program may look at /proc/1 too, and gains
 * nothing by taking it over. It is a page of code without libc, since it lives as long as the container does.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include "init.h"
#include "plan/sync.h"

#define BIT(signal) (1ull << ((signal)-1))
#define SIGSET_SIZE 8
#define NO_CHILDREN 125

#if defined __x86_64__
static long call (long number, long a, long b, long c, long d) {
  register long fourth __asm__ ("r10") = d;
  long result;
  __asm__ volatile ("syscall"
                    : "=a"(result)
                    : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                    : "rcx", "r11", "memory");
  return result;
}
#elif defined __aarch64__
static long call (long number, long a, long b, long c, long d) {
  register long which __asm__ ("x8") = number;
  register long first __asm__ ("x0") = a;
  register long second __asm__ ("x1") = b;
  register long third __asm__ ("x2") = c;
  register long fourth __asm__ ("x3") = d;
  __asm__ volatile ("svc 0"
                    : "+r"(first)
                    : "r"(which), "r"(second), "r"(third), "r"(fourth)
                    : "memory");
  return first;
}
#else
#error "liker-init does not know how this machine makes system calls"
#endif

static __attribute__ ((noreturn)) void finish (int code) {
  for (;;)
    call (SYS_exit_group, code, 0, 0, 0);
}

/* Of all fds above 2, this one alone was kept over execve. */
static int find_status_socket (void) {
  int fd = 3;
  while (fd < INIT_FDS && call (SYS_fcntl, fd, F_GETFD, 0, 0) < 0)
    fd++;
  return fd;
}

/* Ends when the program is among the dead. */
static void reap (int socket) {
  int status;
  long dead;
  while ((dead = call (SYS_wait4, -1, (long)&status, WNOHANG, 0)) > 0)
    if (dead == INIT_PROGRAM) {
      const int32_t message[] = { SYNC_STATUS, status };
      call (SYS_write, socket, (long)message, sizeof message, 0);
      finish (WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status));
    }
  if (dead < 0)
    finish (NO_CHILDREN);
}

/*
 * Blocked signals are never ignored (signal(7)), so pid 1 gets here even those whose default is to ignore.
 * What the hardware raises stays unblocked.
 */
__attribute__ ((noreturn, used)) void _start (void) {
  const unsigned long long own =
    BIT (SIGSEGV) | BIT (SIGBUS) | BIT (SIGILL) | BIT (SIGFPE) | BIT (SIGTRAP) | BIT (SIGSYS);
  const unsigned long long ignored = BIT (SIGTTIN) | BIT (SIGTTOU) | BIT (SIGTSTP);
  const unsigned long long waited = ~own;
  call (SYS_rt_sigprocmask, SIG_SETMASK, (long)&waited, 0, SIGSET_SIZE);
  call (SYS_prctl, PR_SET_NAME, (long)INIT_NAME, 0, 0);
  call (SYS_chdir, (long)"/", 0, 0, 0); /* it keeps no other file system busy */
  int socket = find_status_socket ();
  for (;;) {
    reap (socket);
    long signal = call (SYS_rt_sigtimedwait, (long)&waited, 0, 0, SIGSET_SIZE);
    if (signal > 0 && signal != SIGCHLD && !(BIT (signal) & ignored))
      call (SYS_kill, INIT_PROGRAM, signal, 0, 0);
  }
}
