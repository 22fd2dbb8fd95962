#include "kernel.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "plan/sync.h"

/* A target may have a better model of some calls. */
#define weak __attribute__ ((weak))

#define FIRST_FD 100
#define MOST_FDS 256
#define MOST_BLOCKS 512

jmp_buf kernel_exit;

static struct {
  const uint8_t *at, *end;
  bool is_open[MOST_FDS];
  const uint8_t *file;
  size_t file_size;
  size_t file_at; /* of read */
  void *blocks[MOST_BLOCKS];
  uint64_t ns;
} kernel;

void require (bool holds, const char *what) {
  if (holds)
    return;
  fprintf (stderr, "not so: %s\n", what);
  abort ();
}

void kernel_begin (const uint8_t *data, size_t size) {
  memset (&kernel, 0, sizeof kernel);
  kernel.at = data;
  kernel.end = size ? data + size : data;
  kernel.ns = 1;
}

void kernel_file (const void *data, size_t size) {
  kernel.file = data;
  kernel.file_size = size;
  kernel.file_at = 0;
}

uint8_t draw (void) { return kernel.at < kernel.end ? *kernel.at++ : 0; }

uint32_t draw_u32 (void) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++)
    value = value << 8 | draw ();
  return value;
}

weak bool draw_failure (void) {
  static const int errors[] = { ENOENT, EPERM,  EINVAL, ENOSYS, EAGAIN, EINTR, EACCES, EEXIST, ENOTDIR,    ELOOP, EBUSY,
                                EMFILE, ENOMEM, EROFS,  ESRCH,  EPIPE,  EIO,   ENODEV, EFBIG,  ECONNRESET, E2BIG, EOPNOTSUPP };
  uint8_t byte = draw ();
  if (byte < 0xe0)
    return false;
  errno = errors[(byte & 0x1f) % (sizeof errors / sizeof *errors)];
  return true;
}

static int answer (void) { return draw_failure () ? -1 : 0; }

int kernel_fd (void) {
  for (int i = 0; i < MOST_FDS; i++)
    if (!kernel.is_open[i]) {
      kernel.is_open[i] = true;
      return FIRST_FD + i;
    }
  errno = EMFILE;
  return -1;
}

static int new_fd (void) { return draw_failure () ? -1 : kernel_fd (); }

unsigned kernel_fds_open (void) {
  unsigned count = 0;
  for (int i = 0; i < MOST_FDS; i++)
    count += kernel.is_open[i];
  return count;
}

/* AT_FDCWD, the standard fds and those that a target names are open, too. */
static bool is_open (int fd) {
  if (fd == AT_FDCWD || (fd >= 0 && fd < 10))
    return true;
  return fd >= FIRST_FD && fd < FIRST_FD + MOST_FDS && kernel.is_open[fd - FIRST_FD];
}

static volatile uint8_t sum;

/* Reads `size` bytes, so that the sanitizer checks them. */
static void look (const void *data, size_t size) {
  const uint8_t *at = data;
  for (size_t i = 0; i < size; i++)
    sum += at[i];
}

static void look_text (const char *text) { look (text, strlen (text) + 1); }

/* Fails for -1, which stands for "none". Any other fd that is not open is one that was closed before. */
static bool is_bad (int fd) {
  require (fd == -1 || is_open (fd), "a call gets an fd that is open");
  if (fd == -1)
    errno = EBADF;
  return fd == -1;
}

/* The kernel ignores the folder if the path is absolute. */
static bool is_bad_at (int dir, const char *path) {
  look_text (path);
  require (dir != -1 || *path != '/', "a path is looked up in a folder");
  return is_bad (dir);
}

static ssize_t give (void *buffer, size_t size) {
  uint8_t *out = buffer;
  size_t count = draw ();
  if (count == 255)
    count += draw_u32 () & 0xffff;
  if (count > size)
    count = size;
  for (size_t i = 0; i < count; i++)
    out[i] = draw ();
  return (ssize_t)count;
}

static ssize_t take (size_t size) {
  uint8_t byte = draw ();
  return size && byte >= 0xc0 && byte < 0xe0 ? (ssize_t)(1 + byte % size) : (ssize_t)size;
}

int kernel_close (int fd) {
  if (is_bad (fd))
    return -1;
  if (fd >= FIRST_FD)
    kernel.is_open[fd - FIRST_FD] = false;
  return 0;
}

weak int fuzz_close (int fd) { return kernel_close (fd); }

weak int fuzz_open (const char *path, int flags, ...) {
  (void)flags;
  look_text (path);
  return new_fd ();
}

weak int fuzz_openat (int dir, const char *path, int flags, ...) {
  (void)flags;
  if (is_bad_at (dir, path))
    return -1;
  return new_fd ();
}

static void draw_stat (struct stat *st) {
  static const mode_t types[] = { S_IFREG, S_IFDIR, S_IFCHR, S_IFLNK, S_IFBLK, S_IFIFO, S_IFDIR, S_IFDIR };
  const dev_t devices[] = { makedev (1, 3), makedev (5, 2), makedev (136, 0), makedev (0, 0) };
  memset (st, 0, sizeof *st);
  st->st_mode = types[draw () % 8] | 0755;
  st->st_rdev = devices[draw () % 4];
  st->st_ino = draw () % 4;
  st->st_dev = draw () % 2;
  st->st_size = draw ();
  if (!kernel.file)
    return;
  st->st_mode = S_IFREG | 0644;
  st->st_size = (off_t)kernel.file_size;
}

weak int fuzz_fstat (int fd, struct stat *st) {
  if (is_bad (fd))
    return -1;
  if (draw_failure ())
    return -1;
  draw_stat (st);
  return 0;
}

weak int fuzz_fstatat (int dir, const char *path, struct stat *st, int flags) {
  (void)flags;
  return is_bad_at (dir, path) ? -1 : fuzz_fstat (dir, st);
}

weak int fuzz_statx (int dir, const char *path, int flags, unsigned mask, struct statx *st) {
  (void)flags;
  (void)mask;
  if (is_bad_at (dir, path))
    return -1;
  memset (st, 0, sizeof *st);
  st->stx_attributes = draw () & 1 ? STATX_ATTR_MOUNT_ROOT : 0;
  return answer ();
}

weak int fuzz_fstatfs (int fd, struct statfs *fs) {
  static const uint32_t types[] = { 0, PROC_SUPER_MAGIC, DEVPTS_SUPER_MAGIC };
  if (is_bad (fd))
    return -1;
  memset (fs, 0, sizeof *fs);
  fs->f_type = types[draw () % 3];
  return answer ();
}

weak ssize_t fuzz_readlinkat (int dir, const char *path, char *buffer, size_t size) {
  if (is_bad_at (dir, path))
    return -1;
  return draw_failure () ? -1 : give (buffer, size);
}

static ssize_t give_file (void *buffer, size_t size, size_t offset) {
  size_t left = offset < kernel.file_size ? kernel.file_size - offset : 0;
  size_t count = size < left ? size : left;
  if (count)
    memcpy (buffer, kernel.file + kernel.file_size - left, count);
  return (ssize_t)count;
}

weak ssize_t fuzz_pread (int fd, void *buffer, size_t size, off_t offset) {
  if (is_bad (fd))
    return -1;
  if (draw_failure ())
    return -1;
  if (offset < 0) {
    errno = EINVAL;
    return -1;
  }
  return kernel.file ? give_file (buffer, size, (size_t)offset) : give (buffer, size);
}

weak ssize_t fuzz_read (int fd, void *buffer, size_t size) {
  if (is_bad (fd))
    return -1;
  if (draw_failure ())
    return -1;
  if (!kernel.file)
    return give (buffer, size);
  ssize_t count = give_file (buffer, size, kernel.file_at);
  kernel.file_at += (size_t)count;
  return count;
}

weak ssize_t fuzz_write (int fd, const void *data, size_t size) {
  if (is_bad (fd))
    return -1;
  look (data, size);
  return draw_failure () ? -1 : take (size);
}

weak ssize_t fuzz_send (int fd, const void *data, size_t size, int flags) {
  (void)flags;
  return fuzz_write (fd, data, size);
}

static size_t look_parts (const struct iovec *parts, size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++) {
    look (parts[i].iov_base, parts[i].iov_len);
    size += parts[i].iov_len;
  }
  return size;
}

weak ssize_t fuzz_sendmsg (int fd, const struct msghdr *message, int flags) {
  (void)flags;
  if (is_bad (fd))
    return -1;
  size_t size = look_parts (message->msg_iov, message->msg_iovlen);
  look (message->msg_control, message->msg_controllen);
  return draw_failure () ? -1 : take (size);
}

/* A message of the container: any bytes, with up to three fds and the sender's pid, as far as there is room. */
weak ssize_t fuzz_recvmsg (int fd, struct msghdr *message, int flags) {
  (void)flags;
  if (is_bad (fd))
    return -1;
  if (draw_failure ())
    return -1;
  uint8_t shape = draw ();
  size_t room = message->msg_controllen, used = 0;
  char *control = message->msg_control;
  message->msg_controllen = 0;
  if (shape & 1 && room >= CMSG_SPACE (sizeof (struct ucred))) {
    struct ucred sender = { .pid = (pid_t)draw () };
    struct cmsghdr header = { CMSG_LEN (sizeof sender), SOL_SOCKET, SCM_CREDENTIALS };
    memcpy (control, &header, sizeof header);
    memcpy (CMSG_DATA ((struct cmsghdr *)control), &sender, sizeof sender);
    used = CMSG_SPACE (sizeof sender);
  }
  /* cmsg(3): the kernel passes as many fds as there is room for. */
  for (unsigned fds = shape >> 1 & 3; fds > 0; fds--)
    if (used + CMSG_LEN (fds * sizeof (int)) <= room) {
      struct cmsghdr header = { CMSG_LEN (fds * sizeof (int)), SOL_SOCKET, SCM_RIGHTS };
      memcpy (control + used, &header, sizeof header);
      for (unsigned i = 0; i < fds; i++) {
        int passed = kernel_fd ();
        memcpy (control + used + CMSG_LEN (0) + i * sizeof (int), &passed, sizeof passed);
      }
      used += CMSG_LEN (fds * sizeof (int));
      break;
    }
  message->msg_controllen = used;
  return give (message->msg_iov->iov_base, message->msg_iov->iov_len);
}

static int new_pair (int fds[2]) {
  if (draw_failure ())
    return -1;
  fds[0] = kernel_fd ();
  fds[1] = kernel_fd ();
  return 0;
}

weak int fuzz_socketpair (int domain, int type, int protocol, int fds[2]) {
  (void)domain;
  (void)type;
  (void)protocol;
  return new_pair (fds);
}

weak int fuzz_pipe2 (int fds[2], int flags) {
  (void)flags;
  return new_pair (fds);
}

weak int fuzz_socket (int domain, int type, int protocol) {
  (void)domain;
  (void)type;
  (void)protocol;
  return new_fd ();
}

weak int fuzz_fcntl (int fd, int command, ...) {
  if (is_bad (fd))
    return -1;
  return command == F_DUPFD_CLOEXEC || command == F_DUPFD ? new_fd () : answer ();
}

weak int fuzz_dup3 (int from, int to, int flags) {
  (void)flags;
  if (is_bad (from))
    return -1;
  return draw_failure () ? -1 : to;
}

weak int fuzz_ioctl (int fd, unsigned long request, ...) {
  va_list list;
  if (is_bad (fd))
    return -1;
  va_start (list, request);
  if (request == TIOCGPGRP && draw () & 1)
    *va_arg (list, pid_t *) = (pid_t)draw ();
  va_end (list);
  return request == TIOCGPTPEER ? new_fd () : answer ();
}

weak int fuzz_tcgetattr (int fd, struct termios *mode) {
  if (is_bad (fd))
    return -1;
  memset (mode, 0, sizeof *mode);
  mode->c_cc[VEOF] = draw ();
  mode->c_lflag = draw () & 1 ? ICANON : 0;
  mode->c_iflag = draw () & 1 ? ICRNL : 0;
  return answer ();
}

weak int fuzz_sethostname (const char *name, size_t size) {
  look (name, size);
  return answer ();
}

weak int fuzz_setdomainname (const char *name, size_t size) { return fuzz_sethostname (name, size); }

weak int fuzz_mkdirat (int dir, const char *path, mode_t mode) {
  (void)mode;
  if (is_bad_at (dir, path))
    return -1;
  return answer ();
}

weak int fuzz_mknodat (int dir, const char *path, mode_t mode, dev_t number) {
  (void)number;
  return fuzz_mkdirat (dir, path, mode);
}

weak int fuzz_unlinkat (int dir, const char *path, int flags) { return fuzz_mkdirat (dir, path, (mode_t)flags); }

weak int fuzz_symlinkat (const char *to, int dir, const char *path) {
  look_text (to);
  return fuzz_mkdirat (dir, path, 0);
}

weak int fuzz_renameat (int from_dir, const char *from, int dir, const char *path) {
  if (is_bad_at (from_dir, from))
    return -1;
  return fuzz_symlinkat (from, dir, path);
}

weak int fuzz_access (const char *path, int mode) {
  (void)mode;
  look_text (path);
  return answer ();
}

weak int fuzz_prlimit (pid_t pid, int resource, const struct rlimit *limit, struct rlimit *old) {
  (void)pid;
  (void)resource;
  if (limit)
    look (limit, sizeof *limit);
  if (old)
    *old = (struct rlimit){ draw (), draw () };
  return answer ();
}

weak int fuzz_getgroups (int room, gid_t *gids) {
  int count = draw ();
  require (count <= room, "there is room for the groups");
  for (int i = 0; i < count; i++)
    gids[i] = draw ();
  return draw_failure () ? -1 : count;
}

weak int fuzz_clock_gettime (clockid_t clock, struct timespec *now) {
  (void)clock;
  kernel.ns += (uint64_t)draw () * 10000000;
  *now = (struct timespec){ .tv_sec = (time_t)(kernel.ns / 1000000000), .tv_nsec = (long)(kernel.ns % 1000000000) };
  return 0;
}

static bool lacks_memory (void) {
  bool lacks = draw_failure ();
  if (lacks)
    errno = ENOMEM;
  return lacks;
}

/* Puts `memory` in the place of `old` in the list of what is allocated. */
static void *note (void *old, void *memory) {
  for (int i = 0; i < MOST_BLOCKS; i++)
    if (kernel.blocks[i] == old) {
      kernel.blocks[i] = memory;
      return memory;
    }
  require (false, "few blocks of memory are in use");
  return NULL;
}

/* From malloc, so that the sanitizer sees where the memory ends. */
weak void *fuzz_mmap (void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  (void)at;
  (void)protection;
  (void)fd;
  (void)offset;
  require (flags & MAP_ANONYMOUS, "no file is mapped");
  return lacks_memory () ? MAP_FAILED : note (NULL, calloc (1, size));
}

weak int fuzz_munmap (void *at, size_t size) {
  (void)size;
  note (at, NULL);
  free (at);
  return 0;
}

weak void *fuzz_malloc (size_t size) { return lacks_memory () ? NULL : note (NULL, malloc (size)); }

weak void *fuzz_calloc (size_t count, size_t size) { return lacks_memory () ? NULL : note (NULL, calloc (count, size)); }

weak void *fuzz_realloc (void *old, size_t size) { return lacks_memory () ? NULL : note (old, realloc (old, size)); }

weak void fuzz_free (void *memory) {
  if (memory)
    note (memory, NULL);
  free (memory);
}

void kernel_end (void) {
  for (int i = 0; i < MOST_BLOCKS; i++)
    fuzz_free (kernel.blocks[i]);
}

static void look_texts (char *const *texts) {
  for (; *texts; texts++)
    look_text (*texts);
}

weak int fuzz_execve (const char *path, char *const argv[], char *const envp[]) {
  look_text (path);
  look_texts (argv);
  look_texts (envp);
  if (!draw_failure ())
    longjmp (kernel_exit, KERNEL_EXECUTED);
  return -1;
}

/* Of a held process, for which nothing comes any more. */
weak int fuzz_pause (void) { longjmp (kernel_exit, KERNEL_EXECUTED); }
weak __attribute__ ((noreturn)) void fuzz__exit (int code) { longjmp (kernel_exit, 1 + code); }

weak pid_t fuzz_getpid (void) { return 5; }

weak uid_t fuzz_geteuid (void) { return 0; }

/* Returns in the child, or in the parent with a pid. */
static long clone3 (const struct clone_args *args) {
  long pid = draw () % 3;
  if (pid && args->flags & CLONE_PIDFD)
    *(int *)(uintptr_t)args->pidfd = kernel_fd ();
  return pid;
}

long kernel_syscall (long number, long a, long b, long c, long d) {
  switch (number) {
  case SYS_openat2:
  case SYS_open_tree:
    return is_bad_at ((int)a, (const char *)b) ? -1 : new_fd ();
  case SYS_fsopen:
  case SYS_memfd_create:
    look_text ((const char *)a);
    return new_fd ();
  case SYS_fsmount:
    return is_bad ((int)a) ? -1 : new_fd ();
  case SYS_pidfd_open:
    return new_fd ();
  case SYS_fsconfig:
    if (is_bad ((int)a))
      return -1;
    if (c)
      look_text ((const char *)c);
    if (d)
      look_text ((const char *)d);
    return answer ();
  case SYS_move_mount:
    return is_bad_at ((int)a, (const char *)b) || is_bad_at ((int)c, (const char *)d) ? -1 : answer ();
  case SYS_mount_setattr:
    return is_bad_at ((int)a, (const char *)b) ? -1 : answer ();
  case SYS_mount:
    if (a)
      look_text ((const char *)a);
    look_text ((const char *)b);
    return answer ();
  case SYS_setns:
    return is_bad ((int)a) ? -1 : answer ();
  case SYS_setgroups:
    look ((const void *)b, (size_t)a * sizeof (gid_t));
    return answer ();
  case SYS_getcwd:
    strcpy ((char *)a, draw () & 1 ? "(unreachable)/" : "/");
    return answer ();
  case SYS_getdents64:
    return 0;
  case SYS_capget:
    memset ((void *)b, 0xff, 2 * sizeof (struct __user_cap_data_struct));
    return answer ();
  case SYS_clone:
    return draw_failure () ? -1 : draw () % 3;
  case SYS_clone3:
    return draw_failure () ? -1 : clone3 ((const struct clone_args *)a);
  case SYS_execveat:
    if (is_bad ((int)a))
      return -1;
    look_texts ((char *const *)c);
    look_texts ((char *const *)d);
    if (!draw_failure ())
      longjmp (kernel_exit, KERNEL_EXECUTED);
    return -1;
  default:
    return answer ();
  }
}

weak long fuzz_syscall (long number, ...) {
  va_list list;
  va_start (list, number);
  long a = va_arg (list, long), b = va_arg (list, long), c = va_arg (list, long), d = va_arg (list, long);
  va_end (list);
  return kernel_syscall (number, a, b, c, d);
}
