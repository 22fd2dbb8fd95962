/*
 * Failure injection without code in the product: a test build links every call that can fail to a wrapper with
 * the same arguments (ld --wrap). The Makefile takes the list from the objects, so a new call is covered at once.
 * A test arms one failure, "the Nth call of this role", in a file that likerd, its shims and their children map.
 * On x86-64 and arm64, passing more arguments than a function takes does no harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/text.h"

/* The caller: likerd in libliker, the shim, or 1 more for each clone below the shim; liker-unpack, and 1 more below that; liker-pack; liker-tree. */
enum role { ROLE_LIBRARY = 0, ROLE_SHIM = 1, ROLE_UNPACK = 5, ROLE_PACK = 8, ROLE_TREE = 9 };

enum mode {
  MODE_ERROR = 0,   /* the call fails with `error` */
  MODE_KILL = 1,    /* the process dies by SIGKILL */
  MODE_SHORT = 2,   /* sendmsg only: half of the message is sent, then the connection ends */
  MODE_GARBAGE = 3, /* sendmsg only: bytes that are no frame are sent */
};

/* test/harness/failpoints.ts writes and reads it. */
struct failpoint {
  uint32_t arming; /* the count restarts when it changes; 0: nothing is armed */
  uint32_t role, nth, mode;
  int32_t error;
  uint32_t fired;
  uint32_t argument; /* the first one */
  char call[24];
};

static struct failpoint *point;
static uint32_t seen, count;
static uint32_t role = FAILPOINTS_ROLE;

/* likerd has the file's path in its environment. Others have no environment, and find the file by the pid of whoever started them. */
__attribute__ ((constructor)) static void map_failpoint (void) {
  char path[64];
  pid_t daemon = role == ROLE_LIBRARY ? getpid () : getppid ();
  put_number (put_text (path, "/tmp/liker-failpoint-"), (uint64_t)daemon);
  if (role == ROLE_LIBRARY) {
    const char *file = getenv ("LIKER_FAILPOINT");
    (void)!unlink (path); /* left by an earlier likerd with this pid */
    if (!file || symlink (file, path) < 0)
      return;
  }
  int fd = (int)syscall (SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0)
    return;
  void *memory = (void *)syscall (SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
  syscall (SYS_close, fd);
  point = memory == MAP_FAILED ? NULL : memory;
}

static const struct {
  long number;
  const char *name;
} raw[] = {
#define RAW(name) { SYS_##name, #name },
#include "raw.calls"
};

/* NULL for a call that cannot fail. */
static const char *raw_name (long number) {
  for (size_t i = 0; i < sizeof raw / sizeof *raw; i++)
    if (raw[i].number == number)
      return raw[i].name;
  return NULL;
}

static int is_counted (const char *call) {
  return point->mode < MODE_SHORT || !strcmp (call, "sendmsg");
}

/* Whether this call must fail. */
static int fires (const char *call, long argument) {
  if (!point || !call || !point->arming || point->role != role || point->fired)
    return 0;
  if (seen != point->arming) {
    seen = point->arming;
    count = 0;
  }
  if (!is_counted (call) || ++count != point->nth)
    return 0;
  point->argument = (uint32_t)argument;
  strncpy (point->call, call, sizeof point->call - 1);
  __atomic_store_n (&point->fired, 1, __ATOMIC_SEQ_CST);
  return 1;
}

static long broken_sendmsg (int fd, const struct msghdr *message) {
  static char garbage[64];
  memset (garbage, 0xff, sizeof garbage);
  const struct iovec *part = message->msg_iov;
  long size = 0;
  for (size_t i = 0; i < message->msg_iovlen; i++)
    size += (long)part[i].iov_len;
  if (point->mode == MODE_GARBAGE) {
    (void)!syscall (SYS_sendto, fd, garbage, sizeof garbage, MSG_NOSIGNAL, NULL, 0);
    return size;
  }
  (void)!syscall (SYS_sendto, fd, part->iov_base, part->iov_len / 2, MSG_NOSIGNAL, NULL, 0);
  syscall (SYS_shutdown, fd, SHUT_RDWR);
  return size;
}

static long fail (const char *call, long a, long b) {
  if (point->mode == MODE_KILL) {
    syscall (SYS_kill, getpid (), SIGKILL);
    syscall (SYS_exit_group, 128 + SIGKILL); /* the first process of a pid namespace cannot kill itself */
  }
  if (point->mode >= MODE_SHORT)
    return broken_sendmsg ((int)a, (const struct msghdr *)b);
  size_t length = strlen (call);
  int allocates = (length > 5 && !strcmp (call + length - 5, "alloc")) || !strcmp (call, "reallocarray");
  errno = allocates ? ENOMEM : point->error;
  return allocates ? 0 : -1;
}

#define CALL(name)                                                                          \
  long __real_##name (long, long, long, long, long, long, long);                            \
  long __wrap_##name (long, long, long, long, long, long, long);                            \
  long __wrap_##name (long a, long b, long c, long d, long e, long f, long g) {              \
    int is_raw = !strcmp (#name, "syscall");                                                 \
    if (fires (is_raw ? raw_name (a) : #name, is_raw ? b : a))                               \
      return fail (#name, a, b);                                                             \
    long result = __real_##name (a, b, c, d, e, f, g);                                       \
    if (is_raw && (a == SYS_clone3 || a == SYS_clone) && result == 0) {                                          \
      role++;                                                                                \
      seen = 0;                                                                              \
    }                                                                                        \
    return result;                                                                           \
  }
#include FAILPOINTS_CALLS
