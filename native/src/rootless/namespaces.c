#include "namespaces.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/syscalls.h"
#include "id_maps.h"
#include "refuse.h"
#include "subordinate_ids.h"

/* Its parent has a new user namespace once it writes a byte. The programs have to run outside of that. */
static void map_when_told (int told, const struct subordinate_ids *ids) {
  char byte;
  pid_t parent = getppid ();
  if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || RETRY (read (told, &byte, 1)) != 1)
    _exit (1);
  _exit (write_maps (parent, ids) ? 0 : 1);
}

static bool is_there (const char *path) { return access (path, F_OK) == 0; }

static void refuse_unshare (int error) {
  static const char debian[] = "/proc/sys/kernel/unprivileged_userns_clone";
  if (error == EPERM && is_there (debian))
    refuse ("this kernel keeps user namespaces for root; run 'sudo sysctl -w kernel.unprivileged_userns_clone=1'");
  if (error == EPERM)
    refuse ("the kernel refused a user namespace: EPERM; a process in a chroot, or one under a filter that denies it, cannot have one");
  if (error == ENOSPC || error == EUSERS)
    refuse ("the limit on user namespaces is reached; run 'sudo sysctl -w user.max_user_namespaces=15000'");
  if (error == EINVAL || error == ENOSYS)
    refuse ("this kernel has no user namespaces; one with CONFIG_USER_NS is needed");
  refuse ("the kernel refused a user namespace: %s", strerror (error));
}

/* The first use of the new rights. AppArmor may have taken them away (Ubuntu since 23.10). */
static void keep_mounts_apart (void) {
  if (sys_mount (NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) == 0)
    return;
  if (is_there ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"))
    refuse ("AppArmor gives no rights in user namespaces to programs without a profile; "
            "run 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0', or give liker-rootless a profile with 'userns,'");
  refuse ("the kernel gives no rights in a user namespace: mount failed with %s", strerror (errno));
}

void enter_new_namespaces (void) {
  struct subordinate_ids ids;
  int tell[2], status;
  require_map_programs ();
  find_subordinate_ids (&ids);
  if (pipe2 (tell, O_CLOEXEC) < 0)
    refuse ("a pipe cannot be made: %s", strerror (errno));
  pid_t mapper = fork ();
  if (mapper < 0)
    refuse ("a process cannot be made: %s", strerror (errno));
  if (mapper == 0) {
    close (tell[1]);
    map_when_told (tell[0], &ids);
  }
  if (sys_unshare (CLONE_NEWUSER | CLONE_NEWNS) < 0)
    refuse_unshare (errno);
  bool is_told = RETRY (write (tell[1], "\n", 1)) == 1;
  close (tell[0]);
  close (tell[1]);
  if (RETRY (waitpid (mapper, &status, 0)) != mapper || !is_told || !WIFEXITED (status) || WEXITSTATUS (status) != 0)
    refuse ("newuidmap or newgidmap refused the ids of /etc/subuid and /etc/subgid, see above; "
            "they must be setuid root: run 'sudo apt-get install --reinstall uidmap'");
  keep_mounts_apart ();
}
