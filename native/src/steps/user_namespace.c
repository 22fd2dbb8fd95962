/* User namespaces: of containers, and for mounts. */
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "base/cleanup.h"
#include "base/memfd.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "base/userns.h"
#include "helper.h"
#include "include/plan.h"
#include "inner.h"
#include "namespaces.h"
#include "step.h"

/* The kernel takes no map of a page or more (user_namespaces(7)). */
#define MAP_MAX 4096

struct map {
  size_t length;
  char text[MAP_MAX];
};

/* A line for each run: "inside outside count". */
static bool read_map (struct cursor *fields, struct map *map) {
  char line[40];
  map->length = 0;
  for (uint32_t runs = read_u32 (fields); runs > 0 && !fields->bad; runs--) {
    char *end = put_number (line, read_u32 (fields));
    end = put_number (put_text (end, " "), read_u32 (fields));
    end = put_text (put_number (put_text (end, " "), read_u32 (fields)), "\n");
    size_t length = (size_t)(end - line);
    if (map->length + length >= MAP_MAX)
      return false;
    for (size_t i = 0; i < length; i++)
      map->text[map->length++] = line[i];
  }
  return !fields->bad;
}

static int write_map (struct child *child, pid_t pid, const char *name, const struct map *map) {
  return write_id_map (pid, name, map->text, map->length) < 0 ? fail (child, "write", name) : 0;
}

static int open_namespace_of (struct child *child, pid_t pid) {
  int namespace = open_user_namespace (pid);
  return namespace < 0 ? fail (child, "open", "/proc/PID/ns/user") : namespace;
}

static int hold_user_namespace (struct child *child, int *namespace) {
  if (hold (child, *namespace) < 0)
    return -1;
  steal_fd (namespace);
  return keep_outside (child, child->held_count - 1);
}

/* Root inside may mount a procfs only of a pid namespace of its own. */
static int prepare_sysctls (struct child *child) {
  return child->launch->clone_flags & CLONE_NEWPID ? 0 : open_sysctls (child);
}

int step_id_map (struct child *child, struct cursor *fields) {
  struct map uids, gids;
  if (!read_map (fields, &uids) || !read_map (fields, &gids))
    return fail_with (child, EBADMSG, "read", "plan");
  if (unreadable (child, fields))
    return -1;
  uint64_t flags = child->launch->clone_flags;
  bool own = flags & CLONE_NEWUSER && child->held_count == 0;
  if (own && prepare_sysctls (child) < 0)
    return -1;
  pid_t pid = own ? (pid_t)clone_inner (child, flags) : clone_ended_inside ();
  if (pid < 0)
    return own ? -1 : fail (child, "clone", "user namespace");
  bool written = write_map (child, pid, "uid_map", &uids) == 0 && write_map (child, pid, "gid_map", &gids) == 0;
  cleanup_fd int namespace = written ? open_namespace_of (child, pid) : -1;
  if (!own && RETRY (waitpid (pid, NULL, __WALL)) < 0)
    return fail (child, "waitpid", "user namespace");
  return namespace < 0 ? -1 : hold_user_namespace (child, &namespace);
}

int step_join_user (struct child *child, struct cursor *fields) {
  pid_t pid = (pid_t)read_u32 (fields);
  uint64_t start_time = read_u64 (fields);
  if (unreadable (child, fields))
    return -1;
  cleanup_fd int namespace = open_namespace_of (child, pid);
  if (namespace < 0)
    return -1;
  if (process_start_time (pid) != start_time)
    return fail_with (child, ESRCH, "open", "/proc/PID/ns/user");
  return hold_user_namespace (child, &namespace);
}

/* The pipes belong to root inside, or its programs could not open /dev/stdout again. */
int step_stream_owner (struct child *child, struct cursor *fields) {
  uint32_t uid = read_u32 (fields);
  uint32_t gid = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  const int pipes[] = { child->in, child->out, child->err };
  for (int i = 0; i < 3; i++)
    if (pipes[i] >= 0 && fchown (pipes[i], uid, gid) < 0)
      return fail (child, "fchown", "pipe");
  return 0;
}

/* The clone of a mount namespace takes the working directory along, which root inside could not reach by its path. */
int step_chdir (struct child *child, struct cursor *fields) {
  const char *path = read_text (fields);
  if (unreadable (child, fields))
    return -1;
  return chdir (path) < 0 ? fail (child, "chdir", path) : 0;
}

int step_enter_user (struct child *child, struct cursor *fields) {
  uint32_t number = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  if (child->gate >= 0)
    release_inner (child);
  int namespace = held (child, number);
  if (namespace < 0)
    return -1;
  if (prepare_sysctls (child) < 0)
    return -1;
  if (sys_setns (namespace, CLONE_NEWUSER) < 0)
    return fail (child, "setns", "user namespace");
  if (child->outside && clone_process (child) < 0)
    return -1;
  return become_inner_root (child);
}
