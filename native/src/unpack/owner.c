#include "owner.h"
#include <errno.h>

int owner_refused (struct problem *problem, const char *name, uid_t uid, gid_t gid) {
  if (errno != EINVAL)
    return problem_errno (problem, name, "set the owner of");
  /* The kernel has an id for each but (uid_t)-1, which no entry has. */
  return problem_put (problem, NOT_MAPPED, name, "Cannot give '%s' to user %u and group %u: the user namespace lacks one of these ids",
                      name, uid, gid);
}
