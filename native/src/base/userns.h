/* User namespaces that nobody is in. */
#pragma once

/*
 * A new user namespace with these maps, in the form of /proc/PID/uid_map (user_namespaces(7)). Returns an fd of it, which alone
 * keeps it; or -1 and errno, and the call that failed.
 */
int make_user_namespace (const char *uids, const char *gids, const char **call);
