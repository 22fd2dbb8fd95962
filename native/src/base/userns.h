/* New user namespaces, and their maps (user_namespaces(7)). All return -1 and errno on failure. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/*
 * A process that has ended in a new user namespace. /proc has the namespace until the process is reaped, with __WALL: so nobody
 * is ever in it without maps.
 */
pid_t clone_ended_inside (void);

/*
 * A process in new `namespaces` (clone(2)) that has run `run`, in the memory of this one. `run` ends it with exit(2), and has a
 * small stack. Reap it with __WALL.
 */
pid_t run_inside (int namespaces, int (*run) (void *), void *value);

/* Writes "uid_map" or "gid_map" of the namespace of that process. */
int write_id_map (pid_t pid, const char *name, const char *map, size_t length);

/* An fd of the namespace of that process. */
int open_user_namespace (pid_t pid);

/* An fd of a new user namespace with these maps, which the fd alone keeps; or -1, errno, and the call that failed. */
int make_user_namespace (const char *uids, const char *gids, const char **call);
