#include "watch.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/json.h"
#include "base/memfd.h"
#include "base/syscalls.h"
#include "base/text.h"

#define CHANGES (IN_MODIFY | IN_ATTRIB)
#define RENAMES (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
/* So many bytes of events at a time, and then a pause: a container that changes files without end must not keep likerd busy. The kernel merges
 * what is the same, and says when it has dropped some. */
#define BATCH 8192
#define PAUSE_NS (10L * 1000 * 1000)

struct batch {
  ssize_t count;
  _Alignas (struct inotify_event) char events[BATCH];
};

static const char *kind_of (const struct inotify_event *event) {
  return event->mask & IN_Q_OVERFLOW ? "ready" : event->mask & RENAMES ? "rename" : event->mask & CHANGES ? "change" : NULL;
}

static const char *name_of (const struct inotify_event *event, const char *own) { return event->len ? event->name : own; }

static const struct inotify_event *event_at (const struct batch *batch, ssize_t at) { return (const struct inotify_event *)(batch->events + at); }

static ssize_t after (const struct inotify_event *event) { return (ssize_t)(sizeof *event + event->len); }

/* Whoever hears of it looks later than both have happened. */
static bool is_told (const struct batch *batch, ssize_t end, const char *own) {
  const struct inotify_event *event = event_at (batch, end), *earlier;
  for (ssize_t at = 0; at < end; at += after (earlier)) {
    earlier = event_at (batch, at);
    const char *kind = kind_of (earlier);
    if (kind && !strcmp (kind, kind_of (event)) && !strcmp (name_of (earlier, own), name_of (event, own)))
      return true;
  }
  return false;
}

static int tell (int out, const char *kind, const char *name, struct problem *problem) {
  char line[6 * NAME_MAX + 64];
  char *end = put_json (stpcpy (line, "{\"kind\":"), kind);
  end = stpcpy (put_json (stpcpy (end, ",\"name\":"), name), "}\n");
  return write_all (out, line, (size_t)(end - line)) < 0 ? tree_problem_errno (problem, "", "write the events") : 0;
}

static int tell_batch (int out, const struct batch *batch, const char *path, const char *own, struct problem *problem) {
  const struct inotify_event *event;
  for (ssize_t at = 0; at < batch->count; at += after (event)) {
    event = event_at (batch, at);
    const char *kind = kind_of (event);
    if (kind && !is_told (batch, at, own) && tell (out, kind, name_of (event, own), problem) < 0)
      return -1;
    if (event->mask & (IN_IGNORED | IN_UNMOUNT)) {
      errno = ENOENT;
      return tree_problem_errno (problem, path, "watch");
    }
  }
  return 0;
}

/* The words of the kernel are about files and disks. */
static int refused (const char *path, struct problem *problem) {
  tree_problem_errno (problem, path, "watch");
  const char *what = problem->error == EMFILE ? "instance" : problem->error == ENOSPC ? "watch" : NULL;
  if (what)
    snprintf (problem->message, sizeof problem->message, "Cannot watch '%s': the user of likerd has no inotify %s left; raise fs.inotify.max_user_%s%s",
              path, what, what, problem->error == EMFILE ? "s" : "es");
  return -1;
}

/* By the fd, which is a name that nothing else can have. */
static int begin (int root, int own_files, const char *path) {
  char number[24];
  cleanup_fd int node = in_root_open (root, path, O_PATH), events = inotify_init1 (IN_CLOEXEC);
  if (node < 0 || events < 0 || fchdir (own_files) < 0)
    return -1;
  put_number (number, (uint64_t)node);
  return inotify_add_watch (events, number, CHANGES | RENAMES) < 0 ? -1 : steal_fd (&events);
}

static void name_itself (char own[NAME_MAX + 1], const char *path) {
  size_t length = strlen (path);
  while (length > 0 && path[length - 1] == '/')
    length--;
  size_t from = length;
  while (from > 0 && path[from - 1] != '/' && length - from < NAME_MAX)
    from--;
  memcpy (own, path + from, length - from);
  own[length - from] = '\0';
}

int watch (int root, int own_files, const char *path, int out, struct problem *problem) {
  static struct batch batch;
  const struct timespec pause = { .tv_nsec = PAUSE_NS };
  char own[NAME_MAX + 1];
  name_itself (own, path);
  cleanup_fd int events = begin (root, own_files, path);
  if (events < 0)
    return refused (path, problem);
  if (tell (out, "ready", "", problem) < 0)
    return -1;
  while ((batch.count = RETRY (read (events, batch.events, sizeof batch.events))) > 0) {
    if (tell_batch (out, &batch, path, own, problem) < 0)
      return -1;
    nanosleep (&pause, NULL);
  }
  return tree_problem_errno (problem, path, "watch");
}
