/*
 * Looks up the user of the process in /etc/passwd and /etc/group of its own root, with all its mounts, as its programs will see
 * them. A read from FUSE may never return; then only this process hangs, and likerd can give up on it.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include "base/accounts.h"
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "step.h"

static const char passwd_path[] = "/etc/passwd";
static const char group_path[] = "/etc/group";

/* Without a file there is no entry. */
static bool is_missing (int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EINVAL;
}

/* A number needs no entry: for one, a file that is missing or too large is no error. */
static int find_account (struct child *child, const char *user, struct account *account) {
  uint32_t uid = 0;
  bool by_id = !*user || parse_id (user, &uid);
  cleanup_fd int file = accounts_open (child->root, passwd_path);
  int found = file < 0 ? -1 : passwd_find (file, by_id ? NULL : user, uid, account);
  if (found < 0 && !is_missing (errno) && !(by_id && errno == EFBIG))
    return fail (child, file < 0 ? "open" : "read", passwd_path);
  if (found > 0)
    return 0;
  if (!by_id)
    return fail_with (child, ENOENT, "getpwnam", user);
  *account = (struct account){ .uid = uid };
  return 0;
}

static int find_group (struct child *child, const char *name, uint32_t *gid) {
  if (parse_id (name, gid))
    return 0;
  cleanup_fd int file = accounts_open (child->root, group_path);
  int found = file < 0 ? -1 : group_find (file, name, gid);
  if (found < 0 && !is_missing (errno))
    return fail (child, file < 0 ? "open" : "read", group_path);
  return found > 0 ? 0 : fail_with (child, ENOENT, "getgrnam", name);
}

static int too_many (struct child *child) { return fail_with (child, E2BIG, "setgroups", ""); }

static int add_own_groups (struct child *child, const struct account *account, struct gids *gids) {
  cleanup_fd int file = accounts_open (child->root, group_path);
  if ((file >= 0 && groups_of (file, account->name, gids) >= 0) || is_missing (errno))
    return 0;
  return errno == E2BIG ? too_many (child) : fail (child, file < 0 ? "open" : "read", group_path);
}

static int add_named_groups (struct child *child, struct cursor *names, uint32_t count, struct gids *gids) {
  while (count--) {
    uint32_t gid;
    if (find_group (child, read_text (names), &gid) < 0)
      return -1;
    if (!gids_add (gids, gid))
      return too_many (child);
  }
  return 0;
}

/* Adds HOME to the environment, which has room for it (plan/launch.h), unless the plan has set it. */
static void set_home (struct child *child, const char *home) {
  char **entry = child->launch->envp;
  for (; *entry; entry++)
    if (!strncmp (*entry, "HOME=", 5))
      return;
  put_text (put_text (child->home, "HOME="), *home == '/' ? home : "/");
  entry[0] = child->home;
  entry[1] = NULL;
}

int step_look_up_user (struct child *child, struct cursor *fields) {
  const char *user = read_text (fields);
  bool has_group = read_u32 (fields);
  const char *group = read_text (fields);
  uint32_t count = read_u32 (fields);
  struct cursor names = *fields;
  for (uint32_t i = 0; i < count && !fields->bad; i++)
    read_text (fields);
  if (unreadable (child, fields) || child_root (child) < 0)
    return -1;
  struct account account = { 0 };
  if (find_account (child, user, &account) < 0)
    return -1;
  if (has_group && find_group (child, group, &account.gid) < 0)
    return -1;
  size_t size = NGROUPS_MAX * sizeof (uint32_t);
  struct gids gids = { .most = NGROUPS_MAX };
  gids.list = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (gids.list == MAP_FAILED)
    return fail (child, "mmap", "groups");
  /* The user's own group is one of them: a set-group-id program replaces the effective group, and would leave it (CVE-2022-36109). */
  gids_add (&gids, account.gid);
  bool listed = *account.name;
  int added = listed && !has_group ? add_own_groups (child, &account, &gids) : 0;
  if (added == 0)
    added = add_named_groups (child, &names, count, &gids);
  if (added == 0 && sys_setgroups (gids.count, gids.list) < 0)
    added = fail (child, "setgroups", "");
  munmap (gids.list, size);
  if (added < 0)
    return -1;
  if (child->slave >= 0 && fchown (child->slave, account.uid, (gid_t)-1) < 0)
    return fail (child, "fchown", "terminal");
  child->uid = account.uid;
  child->gid = account.gid;
  set_home (child, account.home);
  return 0;
}
