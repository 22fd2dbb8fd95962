/* The upper folder of an overlay as a layer of an image. */
#pragma once
#include "sink.h"

/* Where overlayfs marks its folders: in trusted.overlay.*, or for an ordinary user in user.overlay.*. */
enum overlay_marks { MARKS_TRUSTED, MARKS_USER };

/* `upper` is an fd. */
int put_changes (struct sink *sink, int upper, enum overlay_marks marks);
