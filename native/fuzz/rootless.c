/*
 * All of liker-rootless, on a machine whose environment, users and files of subordinate ids are the fuzzer's. The maps that it asks
 * for are those that a simple parser of the files finds; the daemon is executed with its own arguments, its folders told.
 * Input: u8 n, n bytes of answers of the kernel; texts: the environment, the user's name, the arguments by lines, /etc/subuid; the rest
 * is /etc/subgid. A text is u8 n, n & 127 bytes; if n > 127 they are repeated, for what is too long.
 */
#include <dirent.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "kernel.h"
#include "rootless/subordinate_ids.h"

#define REPEATS 40
#define MOST_ARGUMENTS 16
#define OWN_ID 1000
#define PARENT 4 /* whose namespace is new */

enum text { HOME, DATA_HOME, RUNTIME_DIR, LIKER_ROOT, LIKER_RUN, PATH, USER, ARGUMENTS, SUBUID, TEXTS };
static const char *const variables[] = { "HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "LIKER_ROOT", "LIKER_RUN", "PATH" };

static struct {
  char texts[TEXTS][127 * REPEATS + 1];
  const char *subgid;
  size_t subgid_size;
  char *arguments[MOST_ARGUMENTS + 1];
  int argument_count;
  char *root, *run; /* as told to likerd */
  int maps;
  bool refused;
} machine;

int rootless_main (int argc, char **argv);

/* What the objects under test find in the place of libc's. */
FILE *fuzz_stderr;
static char *no_environment[1];
char **fuzz_environ = no_environment;

static const uint8_t *read_text (const uint8_t *at, const uint8_t *end, char *text) {
  *text = '\0';
  if (at >= end)
    return end;
  size_t size = *at & 127, repeats = *at > 127 ? REPEATS : 1;
  at++;
  if (size > (size_t)(end - at))
    size = (size_t)(end - at);
  char *out = text;
  for (size_t i = 0; i < repeats; i++, out += size)
    memcpy (out, at, size);
  *out = '\0';
  return at + size;
}

/* One that begins with "-" is not set. */
static char *value_of (enum text text) { return *machine.texts[text] == '-' ? NULL : machine.texts[text]; }

char *fuzz_getenv (const char *name);
char *fuzz_getenv (const char *name) {
  for (int i = HOME; i <= PATH; i++)
    if (!strcmp (name, variables[i]))
      return value_of ((enum text)i);
  require (false, "no other variable is read");
  return NULL;
}

int fuzz_setenv (const char *name, const char *value, int replaces);
int fuzz_setenv (const char *name, const char *value, int replaces) {
  char **at = !strcmp (name, "LIKER_ROOT") ? &machine.root : !strcmp (name, "LIKER_RUN") ? &machine.run : NULL;
  require (replaces && (at || !strcmp (name, "LIKER_ROOTLESS")), "likerd is told its folders and its launcher");
  if (draw_failure ())
    return -1;
  if (at) {
    free (*at);
    *at = strdup (value);
  }
  return 0;
}

uid_t fuzz_getuid (void);
uid_t fuzz_getuid (void) { return OWN_ID; }
gid_t fuzz_getgid (void);
gid_t fuzz_getgid (void) { return OWN_ID; }
pid_t fuzz_getppid (void);
pid_t fuzz_getppid (void) { return PARENT; }

struct passwd *fuzz_getpwuid (uid_t uid);
struct passwd *fuzz_getpwuid (uid_t uid) {
  static struct passwd user;
  require (uid == OWN_ID, "the user is looked up");
  user = (struct passwd){ .pw_name = machine.texts[USER], .pw_dir = (char *)"/home/user" };
  return *user.pw_name ? &user : NULL;
}

FILE *fuzz_fopen (const char *path, const char *mode);
FILE *fuzz_fopen (const char *path, const char *mode) {
  bool is_uid = !strcmp (path, "/etc/subuid");
  require (strchr (mode, 'e') && (is_uid || !strcmp (path, "/etc/subgid")), "the files of subordinate ids are read");
  const char *text = is_uid ? machine.texts[SUBUID] : machine.subgid;
  size_t size = is_uid ? strlen (text) : machine.subgid_size;
  return size == 0 || draw_failure () ? NULL : fmemopen ((void *)text, size, "r");
}

/* What getline is inline. */
ssize_t fuzz___getdelim (char **line, size_t *size, int end, FILE *stream);
ssize_t fuzz___getdelim (char **line, size_t *size, int end, FILE *stream) { return getdelim (line, size, end, stream); }
int fuzz_fclose (FILE *stream);
int fuzz_fclose (FILE *stream) { return fclose (stream); }
void fuzz_free (void *memory);
void fuzz_free (void *memory) { free (memory); }

/* The texts are formatted, so that the sanitizers see their arguments. */
static int say (const char *format, va_list values) {
  char text[16384];
  int size = vsnprintf (text, sizeof text, format, values);
  machine.refused = machine.refused || !strncmp (text, "likerd: Cannot start without root: ", 35);
  return size;
}

int fuzz_vfprintf (FILE *stream, const char *format, va_list values);
int fuzz_vfprintf (FILE *stream, const char *format, va_list values) {
  require (stream == fuzz_stderr, "nothing is said but to stderr");
  return say (format, values);
}
__attribute__ ((format (printf, 2, 3))) int fuzz_fprintf (FILE *stream, const char *format, ...);
int fuzz_fprintf (FILE *stream, const char *format, ...) {
  va_list values;
  va_start (values, format);
  int size = fuzz_vfprintf (stream, format, values);
  va_end (values);
  return size;
}
int fuzz_fputs (const char *text, FILE *stream);
int fuzz_fputs (const char *text, FILE *stream) { return fuzz_fprintf (stream, "%s", text); }
size_t fuzz_fwrite (const void *data, size_t size, size_t count, FILE *stream);
size_t fuzz_fwrite (const void *data, size_t size, size_t count, FILE *stream) {
  return (size_t)fuzz_fprintf (stream, "%.*s", (int)(size * count), (const char *)data);
}

__attribute__ ((noreturn)) void fuzz_exit (int code);
void fuzz_exit (int code) {
  require (code == 1 && machine.refused, "a refusal says so");
  longjmp (kernel_exit, 1 + code);
}
int fuzz_pause (void);
int fuzz_pause (void) { longjmp (kernel_exit, 1); }

ssize_t fuzz_readlink (const char *path, char *target, size_t size);
ssize_t fuzz_readlink (const char *path, char *target, size_t size) {
  require (!strcmp (path, "/proc/self/exe"), "it asks for its own path");
  if (draw_failure ())
    return -1;
  memset (target, 'x', draw () & 1 ? size : 5 < size ? 5 : size);
  return draw () & 1 ? (ssize_t)size : 5;
}

int fuzz_lstat (const char *path, struct stat *st);
int fuzz_lstat (const char *path, struct stat *st) {
  require (!strcmp (path, "/run/user/1000"), "it looks for the user's runtime folder");
  memset (st, 0, sizeof *st);
  st->st_mode = draw () & 1 ? S_IFDIR : S_IFLNK;
  st->st_uid = draw () & 1 ? OWN_ID : 0;
  return draw_failure () ? -1 : 0;
}

/* The parent has a new namespace. */
ssize_t fuzz_read (int fd, void *buffer, size_t size);
ssize_t fuzz_read (int fd, void *buffer, size_t size) {
  require (fd >= 0 && size == 1, "one byte is awaited");
  *(char *)buffer = '\n';
  return draw_failure () ? -1 : 1;
}

pid_t fuzz_fork (void);
pid_t fuzz_fork (void) { return draw_failure () ? -1 : draw () & 1 ? 7 : 0; }

static struct dirent entry;
DIR *fuzz_opendir (const char *path);
DIR *fuzz_opendir (const char *path) {
  require (strlen (path) > 0, "the folder of runs is read");
  return draw_failure () ? NULL : (DIR *)(void *)&entry;
}
struct dirent *fuzz_readdir (DIR *folder);
struct dirent *fuzz_readdir (DIR *folder) {
  require ((void *)folder == &entry, "an open folder is read");
  strcpy (entry.d_name, draw () & 1 ? "." : "container");
  return draw () & 1 ? &entry : NULL;
}
int fuzz_dirfd (DIR *folder);
int fuzz_dirfd (DIR *folder) { return (void *)folder == &entry ? 3 : -1; }
int fuzz_closedir (DIR *folder);
int fuzz_closedir (DIR *folder) { return (void *)folder == &entry ? 0 : -1; }

/* The second way to read the files: "OWNER:START:COUNT" of plain numbers that fit into 32 bits. */
static size_t plain_ranges (const char *text, size_t size, struct range ranges[MAX_RANGES]) {
  const char *user = *machine.texts[USER] ? machine.texts[USER] : "1000";
  size_t found = 0;
  for (const char *at = text, *end = text + size; at < end && found < MAX_RANGES;) {
    const char *stop = memchr (at, '\n', (size_t)(end - at));
    size_t length = (size_t)((stop ? stop : end) - at);
    char line[8192], owner[8192], start[16], count[16], more;
    memcpy (line, at, length);
    line[length] = '\0';
    at += length + 1;
    if (sscanf (line, "%8000[^:]:%10[0-9]:%10[0-9]%c", owner, start, count, &more) != 3)
      continue;
    struct range range = { strtoul (start, NULL, 10), strtoul (count, NULL, 10) };
    bool fits = range.count > 0 && range.start < UINT32_MAX && range.count < UINT32_MAX;
    if (fits && range.start + range.count <= UINT32_MAX && (!strcmp (owner, user) || !strcmp (owner, "1000")))
      ranges[found++] = range;
  }
  return found;
}

static void check_number (const char *word, unsigned long expected) {
  char text[32];
  snprintf (text, sizeof text, "%lu", expected);
  require (!strcmp (word, text), "a map has the ids of the files");
}

/* newuidmap PID 0 OWN 1 1 START COUNT … */
int fuzz_posix_spawnp (pid_t *pid, const char *program, const void *actions, const void *attributes, char *const argv[],
                       char *const envp[]);
int fuzz_posix_spawnp (pid_t *pid, const char *program, const void *actions, const void *attributes, char *const argv[],
                       char *const envp[]) {
  struct range ranges[MAX_RANGES];
  bool is_uid = machine.maps++ == 0;
  require (!actions && !attributes && envp == fuzz_environ, "the program is run as it is");
  require (!strcmp (program, is_uid ? "newuidmap" : "newgidmap") && argv[0] == program, "first users, then groups");
  size_t count = is_uid ? plain_ranges (machine.texts[SUBUID], strlen (machine.texts[SUBUID]), ranges)
                        : plain_ranges (machine.subgid, machine.subgid_size, ranges);
  check_number (argv[1], PARENT);
  check_number (argv[2], 0);
  check_number (argv[3], OWN_ID);
  check_number (argv[4], 1);
  unsigned long inside = 1;
  char *const *at = argv + 5;
  for (size_t i = 0; i < count; i++, at += 3) {
    check_number (at[0], inside);
    check_number (at[1], ranges[i].start);
    check_number (at[2], ranges[i].count);
    inside += ranges[i].count;
  }
  require (count > 0 && !*at, "a map has all ids of the user, and no others");
  *pid = 8;
  return draw_failure () ? 2 : 0;
}

int fuzz_execv (const char *path, char *const argv[]);
int fuzz_execv (const char *path, char *const argv[]) {
  require (path == machine.arguments[1] && argv == machine.arguments + 1, "the program gets its own arguments");
  require (machine.root && *machine.root && machine.run && strlen (machine.run) < 4096, "likerd knows its folders");
  if (!draw_failure ())
    longjmp (kernel_exit, KERNEL_EXECUTED);
  return -1;
}

static void split_arguments (char *text) {
  static char name[] = "liker-rootless";
  machine.arguments[0] = name;
  machine.argument_count = 1;
  for (char *argument; machine.argument_count < MOST_ARGUMENTS && (argument = strsep (&text, "\n"));)
    machine.arguments[machine.argument_count++] = argument;
  machine.arguments[machine.argument_count] = NULL;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 1 || size < (size_t)data[0] + 1)
    return 0;
  const uint8_t *at = data + 1 + data[0], *end = data + size;
  memset (&machine, 0, sizeof machine);
  for (int i = 0; i < TEXTS; i++)
    at = read_text (at, end, machine.texts[i]);
  machine.subgid = (const char *)at;
  machine.subgid_size = (size_t)(end - at);
  split_arguments (machine.texts[ARGUMENTS]);
  kernel_begin (data + 1, data[0]);
  if (!setjmp (kernel_exit))
    require (rootless_main (machine.argument_count, machine.arguments) == 1, "only what holds namespaces returns");
  kernel_end ();
  free (machine.root);
  free (machine.run);
  return 0;
}
