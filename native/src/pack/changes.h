/* The upper folder of an overlay as a layer of an image. */
#pragma once
#include "sink.h"

/* Where overlayfs marks its folders: in trusted.overlay.*, or for an ordinary user in user.overlay.*. */
enum overlay_marks { MARKS_TRUSTED, MARKS_USER };

/* `upper` is an fd, and so is `own_files` (base/own_files.h). */
int put_changes (struct sink *sink, int upper, int own_files, enum overlay_marks marks);
