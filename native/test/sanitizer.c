/*
 * The shim has neither an environment nor a stderr, so reports go to files that the tests look for. A child whose root is the
 * container's cannot open them: it exits, and the shim reports that its child ended before exec.
 */
#define OPTIONS "handle_abort=0:log_path=" REPORTS

const char *__asan_default_options (void);
const char *__ubsan_default_options (void);

const char *__asan_default_options (void) { return "detect_leaks=0:" OPTIONS; }

const char *__ubsan_default_options (void) { return "print_stacktrace=1:" OPTIONS; }
