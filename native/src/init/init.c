/*
 * liker-init: the first process of a container. It forwards signals to the program, its only own child, and reaps the
 * orphans. When the program ends, it writes the wait status to a socket and exits.
 *
 * It runs with the user, capabilities, filter, environment and output of the program, in a new memory image. So a
 * process of the container that may inspect the program may inspect /proc/1, too, and gains nothing by taking it over.
 * It is a page of code without libc, because it takes memory as long as the container runs.
 */
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

/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's name for the first function */
void _start (void) __attribute__ ((noreturn, used));

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

/* It is the only fd above 2 that was kept across execve. */
static int find_status_socket (void) {
  int fd = 3;
  while (fd < INIT_FDS && call (SYS_fcntl, fd, F_GETFD, 0, 0) < 0)
    fd++;
  return fd;
}

/* Exits if the program is among the dead. */
static void reap (int socket) {
  int status = 0;
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
 * Blocked signals are never ignored (signal(7)), so pid 1 receives even those that are ignored by default.
 * Signals of the hardware stay unblocked.
 */
void _start (void) {
  const unsigned long long own =
    BIT (SIGSEGV) | BIT (SIGBUS) | BIT (SIGILL) | BIT (SIGFPE) | BIT (SIGTRAP) | BIT (SIGSYS);
  const unsigned long long ignored = BIT (SIGTTIN) | BIT (SIGTTOU) | BIT (SIGTSTP);
  const unsigned long long waited = ~own;
  call (SYS_rt_sigprocmask, SIG_SETMASK, (long)&waited, 0, SIGSET_SIZE);
  call (SYS_prctl, PR_SET_NAME, (long)INIT_NAME, 0, 0);
  call (SYS_chdir, (long)"/", 0, 0, 0); /* so that it keeps no other file system busy */
  int socket = find_status_socket ();
  if (call (SYS_kill, INIT_PROGRAM, INIT_READY, 0, 0) < 0)
    finish (NO_CHILDREN);
  for (;;) {
    reap (socket);
    long signal = call (SYS_rt_sigtimedwait, (long)&waited, 0, 0, SIGSET_SIZE);
    if (signal > 0 && signal != SIGCHLD && !(BIT (signal) & ignored))
      call (SYS_kill, INIT_PROGRAM, signal, 0, 0);
  }
}
