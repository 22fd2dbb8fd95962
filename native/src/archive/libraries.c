#include "libraries.h"
#include <dlfcn.h>
#include <string.h>

struct wanted {
  const char *function;
  void *place;
};

static int load (const char *file, const char *package, const struct wanted *wanted, size_t count,
                 struct problem *problem) {
  void *library = dlopen (file, RTLD_LAZY | RTLD_LOCAL);
  if (!library)
    return problem_put (problem, UNSUPPORTED, "", "Cannot work on a layer without the library %s: run 'apt-get install %s' (%s)",
                        file, package, dlerror ());
  for (size_t i = 0; i < count; i++) {
    void *function = dlsym (library, wanted[i].function);
    if (!function)
      return problem_put (problem, UNSUPPORTED, "", "Cannot work on a layer with this version of %s: it has no function %s", file,
                          wanted[i].function);
    memcpy (wanted[i].place, &function, sizeof function);
  }
  return 0;
}

int load_libraries (struct libraries *libraries, struct problem *problem) {
#define WANTED(result, name, parameters) { #name, &libraries->name },
  const struct wanted of_archive[] = { ARCHIVE_FUNCTIONS (WANTED) };
  const struct wanted of_digest[] = { DIGEST_FUNCTIONS (WANTED) };
#undef WANTED
  if (load ("libarchive.so.13", "libarchive13", of_archive, sizeof of_archive / sizeof *of_archive, problem) < 0)
    return -1;
  return load ("libcrypto.so.3", "libssl3", of_digest, sizeof of_digest / sizeof *of_digest, problem);
}
