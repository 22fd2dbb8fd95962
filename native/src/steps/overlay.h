/* The file system that shows folders on top of each other. */
#pragma once
#include "child.h"

/* OVL_MAX_STACK of fs/overlayfs. */
#define MAX_LOWERS 500u
/* Of mount(2): a page. */
#define OVERLAY_OPTIONS_MAX 4095u

struct overlay {
  int lowers[MAX_LOWERS]; /* the uppermost first */
  uint32_t count;
  struct cursor names;    /* if there are any: the lower folders, in one other folder */
  uint32_t name_count;
  int folder;
  int upper, work;        /* in one mount, as overlayfs requires */
  bool is_volatile, has_user_xattr;
};

/* A context to create the overlay from, with the layers by descriptor: Linux 6.13; or by name: Linux 6.7. -1 on failure. */
int overlay_context (struct child *child, const struct overlay *overlay);

/*
 * Mounts the overlay on a folder by mount(2), for older kernels. Layers must be mounted in the caller's mount namespace. The working
 * directory is another one then, and lower folders with names are open in `lowers`.
 */
int overlay_mount (struct child *child, struct overlay *overlay, const char *at);

/* Whether an error of the first way may mean that the kernel has only the second. */
bool overlay_is_refusal (int error);

/* Fails with EROFS if the kernel made it read-only, which it does without an error. */
int overlay_check_writable (struct child *child, int tree);
