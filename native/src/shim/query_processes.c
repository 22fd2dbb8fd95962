#include "query_processes.h"
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "include/protocol.h"

#define MOST_PROCESSES 10000u
#define STAT_BYTES 1024u
#define STATUS_BYTES (1u << 20) /* "Groups:" may hold NGROUPS_MAX numbers */
#define ARGUMENT_BYTES 4096u
#define ALL_ARGUMENTS_BYTES (4u << 20)
#define FLUSH_BYTES (64u << 10)

struct pids {
  pid_t list[MOST_PROCESSES];
  uint32_t listed;
  uint32_t total;
};

static void add_pid (struct pids *pids, pid_t pid) {
  if (pid > 0 && pids->total++ < MOST_PROCESSES)
    pids->list[pids->listed++] = pid;
}

/* A threaded group of v2 has no list of processes; the group above has them. */
static void add_pids (struct pids *pids, const char *folder) {
  char path[PATH_MAX];
  if (snprintf (path, sizeof path, "%s/cgroup.procs", folder) >= (int)sizeof path)
    return;
  FILE *file = fopen (path, "re");
  if (!file)
    return;
  int pid; /* 0: a process outside this pid namespace */
  while (fscanf (file, "%d", &pid) == 1)
    add_pid (pids, pid);
  (void)fclose (file);
}

static int by_number (const void *left, const void *right) {
  pid_t a = *(const pid_t *)left, b = *(const pid_t *)right;
  return (a > b) - (a < b);
}

/* The processes of the group and of all groups nested in it. */
static void find_pids (struct pids *pids, const char *folder) {
  char *const roots[] = { (char *)folder, NULL };
  FTS *walk = fts_open (roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
  if (!walk)
    return;
  for (FTSENT *entry; (entry = fts_read (walk));)
    if (entry->fts_info == FTS_D)
      add_pids (pids, entry->fts_path);
  fts_close (walk);
}

/* Reads up to `size` bytes of a file of the process; 0 if there is none. */
static size_t read_of (pid_t pid, const char *name, char *buffer, size_t size) {
  char path[64];
  put_text (put_number (put_text (path, "/proc/"), (uint64_t)pid), name);
  cleanup_fd int file = open (path, O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  while (file >= 0 && length < size) {
    ssize_t got = RETRY (read (file, buffer + length, size - length));
    if (got <= 0)
      break;
    length += (size_t)got;
  }
  return length;
}

/* The line that begins with `key`, including its newline. */
static void put_line (struct outbox *out, const char *text, const char *key) {
  const char *line = strstr (text, key);
  if (line)
    outbox_bytes (out, line + 1, strcspn (line + 1, "\n") + 1);
}

static void put_facts (struct outbox *out, pid_t pid, char *status) {
  char stat[STAT_BYTES];
  size_t length = read_of (pid, "/stat", stat, sizeof stat);
  status[read_of (pid, "/status", status, STATUS_BYTES)] = '\0';
  outbox_begin (out, SHIM_PROCESS, 0, (uint32_t)pid);
  outbox_u32 (out, (uint32_t)length);
  outbox_bytes (out, stat, length);
  put_line (out, status, "\nUid:");
  put_line (out, status, "\nNSpid:");
  put_line (out, status, "\nVmRSS:");
  outbox_end (out);
}

static size_t put_arguments (struct outbox *out, pid_t pid) {
  char arguments[ARGUMENT_BYTES];
  size_t length = read_of (pid, "/cmdline", arguments, sizeof arguments);
  outbox_begin (out, SHIM_ARGUMENTS, 0, (uint32_t)pid);
  outbox_bytes (out, arguments, length);
  outbox_end (out);
  return length;
}

/* The facts, which cannot hang, are sent first, all of them. */
static void answer (const struct pids *pids, struct outbox *out, int socket, char *status) {
  outbox_begin (out, SHIM_PROCESS_COUNT, 0, 0);
  outbox_u32 (out, pids->total);
  outbox_u32 (out, pids->listed);
  outbox_end (out);
  bool sent = true;
  for (uint32_t i = 0; sent && i < pids->listed; i++) {
    put_facts (out, pids->list[i], status);
    sent = outbox_write (out, socket, FLUSH_BYTES);
  }
  sent = sent && outbox_write (out, socket, 0);
  size_t sum = 0;
  for (uint32_t i = 0; sent && i < pids->listed && sum < ALL_ARGUMENTS_BYTES; i++) {
    sum += put_arguments (out, pids->list[i]);
    sent = outbox_write (out, socket, 0);
  }
}

static void read_pids (struct pids *pids, struct cursor *fields, const char *folder) {
  find_pids (pids, folder);
  for (uint32_t count = read_u32 (fields); count > 0 && !fields->bad; count--)
    add_pid (pids, (pid_t)read_u32 (fields));
  qsort (pids->list, pids->listed, sizeof *pids->list, by_number);
}

/* Frees without an attribute, which clang's analyzer does not know. */
void answer_processes (struct cursor *fields, struct outbox *out, int socket) {
  const char *folder = read_text (fields);
  struct pids *pids = calloc (1, sizeof *pids);
  char *status = malloc (STATUS_BYTES + 1);
  if (pids && status && !fields->bad) {
    read_pids (pids, fields, folder);
    answer (pids, out, socket, status);
  }
  free (status);
  free (pids);
}
