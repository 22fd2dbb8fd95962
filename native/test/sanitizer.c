/* The shim has neither an environment nor a stderr, so reports go to files that the tests look for. */
const char *__asan_default_options (void);
const char *__ubsan_default_options (void);

const char *__asan_default_options (void) {
  return "detect_leaks=0:log_path=/tmp/liker-shim-sanitizer:handle_abort=0";
}

const char *__ubsan_default_options (void) { return "print_stacktrace=1:log_path=/tmp/liker-shim-sanitizer"; }
