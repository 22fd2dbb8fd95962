/*
 * Marks folders as opaque for overlayfs. As the host's root has it, that needs CAP_SYS_ADMIN, which the process that reads the archive
 * has given up: another process, which reads nothing, marks the folders that this one sends to it.
 */
#pragma once
#include "archive/problem.h"

enum whiteouts { WHITEOUTS_NONE, WHITEOUTS_TRUSTED, WHITEOUTS_USER };

struct marker {
  enum whiteouts whiteouts;
  int socket; /* of the other process, or -1 */
};

/* Starts the other process if one is needed. It ends with this one. */
int marker_begin (struct marker *marker, struct problem *problem);

/* -1 and errno. */
int mark_opaque (const struct marker *marker, int folder);
