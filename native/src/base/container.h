/* The files of a container, seen as by its own root. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct container {
  pid_t pid;           /* a process whose root is the container's */
  uint64_t start_time; /* so that it is no other */
};

/* "PID:TIME", as likerd writes it. False if it is not. */
int parse_container (const char *text, struct container *container);

/*
 * The root of that process, as an O_PATH fd; the caller is then root of its user namespace, where that is another one. It keeps its own
 * mounts, and has a single thread. -1, errno, and the call that failed: ESRCH if the process has ended.
 */
int enter_container (const struct container *container, const char **call);

/*
 * The same, but the caller is then in the mount namespace of the container: only there does the kernel refuse to remove or to rename what
 * something is mounted on.
 */
int enter_container_mounts (const struct container *container, const char **call);

/* The same, but a copy of the root without what is mounted in it. The caller is then in the mount namespace of the container. */
int enter_container_root (const struct container *container, const char **call);
