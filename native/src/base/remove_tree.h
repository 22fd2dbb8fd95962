/* Removes whole trees, of any depth, without leaving them. Both return 0 or -errno, and remove all that they can. */
#pragma once

/* A file, or a folder with all that is in it. It is no error if it, or anything in it, is gone already. */
int remove_tree_at (int folder, const char *name);

/* All that is in a folder. */
int remove_tree_below (int folder);
