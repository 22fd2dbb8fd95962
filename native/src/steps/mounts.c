/* Mounts below the new root. */
#include <fcntl.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "step.h"
#include "taken.h"
#include "target.h"

struct mount_fields {
  const char *type, *source, *target;
  uint32_t attributes, create;
  bool optional;
};

/* "key=value" or "key", for a report. */
static void join_option (char out[256], const char *key, const char *value) {
  char *end = stpncpy (out, key, 100);
  *end = '\0';
  if (value)
    *stpncpy (put_text (end, "="), value, 100) = '\0';
}

static int set_options (struct child *child, int context, struct cursor *fields, uint32_t count) {
  for (uint32_t i = 0; i < count && !fields->bad; i++) {
    bool has_value = read_u32 (fields);
    const char *key = read_text (fields);
    const char *value = read_text (fields);
    if (fields->bad)
      break;
    unsigned command = has_value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
    if (sys_fsconfig (context, command, key, has_value ? value : NULL, 0) < 0) {
      int error = errno;
      char object[256];
      join_option (object, key, has_value ? value : NULL);
      return fail_with (child, error, "fsconfig", object);
    }
  }
  return unreadable (child, fields) ? -1 : 0;
}

/* A tree with a new file system; `name` names it in a failure. */
static int new_mount (struct child *child, const struct mount_fields *mount, struct cursor *fields, const char *name) {
  uint32_t options = read_u32 (fields);
  cleanup_fd int context = sys_fsopen (mount->type);
  if (context < 0)
    return fail (child, "fsopen", mount->type);
  if (*mount->source && sys_fsconfig (context, FSCONFIG_SET_STRING, "source", mount->source, 0) < 0)
    return fail (child, "fsconfig", mount->source);
  if (set_options (child, context, fields, options) < 0)
    return -1;
  if (sys_fsconfig (context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return fail (child, "fsconfig", name);
  int tree = sys_fsmount (context, mount->attributes);
  return tree < 0 ? fail (child, "fsmount", name) : tree;
}

static int mount_new (struct child *child, const struct mount_fields *mount, struct cursor *fields) {
  cleanup_fd int tree = new_mount (child, mount, fields, mount->target);
  if (tree < 0)
    return -1;
  cleanup_fd int target = open_target (child, mount->target, mount->create);
  return target < 0 ? -1 : put_tree (child, tree, target, mount->target);
}

int step_mount (struct child *child, struct cursor *fields) {
  struct mount_fields mount;
  mount.type = read_text (fields);
  mount.source = read_text (fields);
  mount.target = read_text (fields);
  mount.attributes = read_u32 (fields);
  mount.create = read_u32 (fields);
  mount.optional = read_u32 (fields);
  if (fields->bad)
    return fail_with (child, EBADMSG, "read", "plan");
  int result = mount_new (child, &mount, fields);
  return mount.optional && child->failure.error == ENODEV ? 0 : result;
}

int step_take_mount (struct child *child, struct cursor *fields) {
  struct mount_fields mount = { .type = read_text (fields) };
  mount.source = read_text (fields);
  mount.attributes = read_u32 (fields);
  mount.optional = read_u32 (fields);
  if (fields->bad)
    return fail_with (child, EBADMSG, "read", "plan");
  return hold_tree (child, new_mount (child, &mount, fields, mount.type), mount.optional);
}

int step_bind (struct child *child, struct cursor *fields) {
  const char *source = read_text (fields);
  const char *name = read_text (fields);
  struct tree how;
  if (read_tree (child, fields, &how) < 0)
    return -1;
  enum plan_create create = read_u32 (fields);
  bool optional = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  cleanup_fd int tree = clone_tree (child, source, &how, name);
  if (tree < 0)
    return optional && child->failure.error == ENOENT ? 0 : -1;
  cleanup_fd int target =
    create == CREATE_NONE ? open_target (child, name, CREATE_NONE) : open_target_of (child, name, tree);
  if (target < 0)
    return optional && child->failure.error == ENOENT ? 0 : -1;
  return put_tree (child, tree, target, name);
}
