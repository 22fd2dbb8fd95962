#include "overlay.h"
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"

static int add_layer (struct child *child, int context, const char *key, int folder) {
  return sys_fsconfig (context, FSCONFIG_SET_FD, key, NULL, folder) < 0 ? fail (child, "fsconfig", key) : 0;
}

static int add_flag (struct child *child, int context, const char *key, bool is_set) {
  return is_set && sys_fsconfig (context, FSCONFIG_SET_FLAG, key, NULL, 0) < 0 ? fail (child, "fsconfig", key) : 0;
}

static int add_names (struct child *child, int context, const struct overlay *overlay) {
  struct cursor names = overlay->names;
  for (uint32_t i = 0; i < overlay->name_count; i++) {
    const char *name = read_text (&names);
    if (sys_fsconfig (context, FSCONFIG_SET_STRING, "lowerdir+", name, 0) < 0)
      return fail (child, "fsconfig", name);
  }
  return 0;
}

/* One call for each name. To open, give and close a descriptor of each would be three, and paths are longer than fsconfig takes. */
static int add_named (struct child *child, int context, const struct overlay *overlay) {
  cleanup_fd int here = open (".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (here < 0)
    return fail (child, "open", ".");
  if (fchdir (overlay->folder) < 0)
    return fail (child, "fchdir", "layers");
  int result = add_names (child, context, overlay);
  return fchdir (here) < 0 ? fail (child, "fchdir", ".") : result;
}

static int add_lowers (struct child *child, int context, const struct overlay *overlay) {
  if (overlay->name_count > 0)
    return add_named (child, context, overlay);
  for (uint32_t i = 0; i < overlay->count; i++)
    if (add_layer (child, context, "lowerdir+", overlay->lowers[i]) < 0)
      return -1;
  return 0;
}

static int add_all (struct child *child, int context, const struct overlay *overlay) {
  if (add_lowers (child, context, overlay) < 0 ||
      add_layer (child, context, "upperdir", overlay->upper) < 0 ||
      add_layer (child, context, "workdir", overlay->work) < 0 ||
      add_flag (child, context, "volatile", overlay->is_volatile) < 0 ||
      add_flag (child, context, "userxattr", overlay->has_user_xattr) < 0)
    return -1;
  return sys_fsconfig (context, FSCONFIG_SET_STRING, "source", "overlay", 0) < 0 ? fail (child, "fsconfig", "source") : 0;
}

int overlay_context (struct child *child, const struct overlay *overlay) {
  cleanup_fd int context = sys_fsopen ("overlay");
  if (context < 0)
    return fail (child, "fsopen", "overlay");
  return add_all (child, context, overlay) < 0 ? -1 : steal_fd (&context);
}

static int open_named (struct child *child, struct overlay *overlay) {
  struct cursor names = overlay->names;
  for (; overlay->count < overlay->name_count; overlay->count++) {
    const char *name = read_text (&names);
    int lower = openat (overlay->folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (lower < 0)
      return fail (child, "openat", name);
    overlay->lowers[overlay->count] = lower;
  }
  return 0;
}

/*
 * Each folder is named by its number in /proc/self/fd, the working directory: in full, the names of 500 layers would be longer than a
 * page. Numbers have at most four digits, as there are no more descriptors than layers and some.
 */
int overlay_mount (struct child *child, struct overlay *overlay, const char *at) {
  if (open_named (child, overlay) < 0)
    return -1;
  char options[OVERLAY_OPTIONS_MAX + 1];
  char *end = put_text (options, "lowerdir");
  for (uint32_t i = 0; i < overlay->count; i++) {
    if (overlay->lowers[i] > 9999)
      return fail_with (child, E2BIG, "mount", "overlay");
    end = put_number (put_text (end, i == 0 ? "=" : ":"), (uint64_t)overlay->lowers[i]);
  }
  end = put_number (put_text (end, ",upperdir="), (uint64_t)overlay->upper);
  end = put_number (put_text (end, ",workdir="), (uint64_t)overlay->work);
  end = put_text (end, overlay->is_volatile ? ",volatile" : "");
  put_text (end, overlay->has_user_xattr ? ",userxattr" : "");
  if (chdir ("/proc/self/fd") < 0)
    return fail (child, "chdir", "/proc/self/fd");
  return sys_mount ("overlay", at, "overlay", 0, options) < 0 ? fail (child, "mount", "overlay") : 0;
}

bool overlay_is_refusal (int error) { return error == EINVAL || error == EBADF || error == EOPNOTSUPP; }

int overlay_check_writable (struct child *child, int tree) {
  struct statfs fs;
  if (fstatfs (tree, &fs) < 0)
    return fail (child, "fstatfs", "overlay");
  return fs.f_flags & ST_RDONLY ? fail_with (child, EROFS, "fsmount", "overlay") : 0;
}
