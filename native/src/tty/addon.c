/*
 * liker-tty.node: terminal calls that Node lacks, on likerctl's standard input. It is an addon because starting a separate
 * program would take longer than everything else between Enter and the first prompt. likerctl in C has it loaded before Node.js
 * (LD_PRELOAD) when it leaves a session, so that no signal is lost until the TypeScript client can handle it.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The part of Node-API that is used here. It is stable, and no package that Liker needs has its header. */
typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback) (napi_env, napi_callback_info);
int napi_create_function (napi_env, const char *name, size_t length, napi_callback, void *data, napi_value *result);
int napi_set_named_property (napi_env, napi_value object, const char *name, napi_value value);
int napi_get_cb_info (napi_env, napi_callback_info, size_t *count, napi_value *arguments, napi_value *this, void **data);
int napi_get_typedarray_info (napi_env, napi_value, int *type, size_t *length, void **data, napi_value *buffer, size_t *offset);
int napi_create_uint32 (napi_env, uint32_t value, napi_value *result);

/* TIOCGWINSZ (ioctl_tty(2)): the width in pixels in the upper 16 bits, the height in the lower; 0 if unknown. */
static napi_value pixels (napi_env env, napi_callback_info info) {
  (void)info;
  struct winsize size = { 0 };
  napi_value result = NULL;
  ioctl (STDIN_FILENO, TIOCGWINSZ, &size);
  napi_create_uint32 (env, (uint32_t)size.ws_xpixel << 16 | size.ws_ypixel, &result);
  return result;
}

/* Switches OPOST off (termios(3)). Output written before has already been processed, so there is nothing to drain. */
static napi_value pass_output (napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  struct termios modes;
  if (tcgetattr (STDIN_FILENO, &modes) == 0) {
    modes.c_oflag &= ~(tcflag_t)OPOST;
    tcsetattr (STDIN_FILENO, TCSANOW, &modes);
  }
  return NULL;
}

/* What the terminal is to be like when the process has ended. */
static struct termios cooked;
static int is_cooked_later;

static napi_value cook (napi_env env, napi_callback_info info) {
  napi_value argument = NULL;
  size_t count = 1, length = 0;
  void *bytes = NULL;
  if (napi_get_cb_info (env, info, &count, &argument, NULL, NULL) != 0 || count != 1 ||
      napi_get_typedarray_info (env, argument, NULL, &length, &bytes, NULL, NULL) != 0 || length != sizeof cooked)
    return NULL;
  memcpy (&cooked, bytes, sizeof cooked);
  is_cooked_later = tcsetattr (STDIN_FILENO, TCSANOW, &cooked) == 0;
  return NULL;
}

/*
 * At exit, Node.js sets what it found at its start, here raw mode. This runs later, with the destructors of libraries. It must not stop a
 * process in the background.
 */
__attribute__ ((destructor)) static void cook_at_exit (void) {
  sigset_t set;
  if (!is_cooked_later)
    return;
  sigemptyset (&set);
  sigaddset (&set, SIGTTOU);
  sigprocmask (SIG_BLOCK, &set, NULL);
  tcsetattr (STDIN_FILENO, TCSANOW, &cooked);
}

/* Signals that were blocked when the process became Node.js. */
static sigset_t held;
static int is_holding;

__attribute__ ((constructor)) static void hold_signals (void) {
  is_holding = getenv ("LIKER_HANDED_OVER") && sigprocmask (SIG_BLOCK, NULL, &held) == 0;
}

__attribute__ ((visibility ("default"))) int mask_signals (int how, const sigset_t *set, sigset_t *before) __asm__ ("pthread_sigmask");

/* In the place of libc's pthread_sigmask if this was loaded before Node.js, which unblocks all signals at its start. */
int mask_signals (int how, const sigset_t *set, sigset_t *before) {
  sigset_t changed;
  if (is_holding && set && how != SIG_BLOCK) {
    changed = *set;
    for (int number = 1; number < NSIG; number++)
      if (sigismember (&held, number) == 1)
        (how == SIG_SETMASK ? sigaddset : sigdelset) (&changed, number);
    set = &changed;
  }
  return sigprocmask (how, set, before) == 0 ? 0 : errno;
}

/* Those that have come since are handled now. */
static napi_value release_signals (napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  if (is_holding)
    sigprocmask (SIG_UNBLOCK, &held, NULL);
  is_holding = 0;
  return NULL;
}

static void export (napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  if (napi_create_function (env, name, (size_t)-1, function, NULL, &value) == 0)
    napi_set_named_property (env, exports, name, value);
}

__attribute__ ((visibility ("default"))) napi_value napi_register_module_v1 (napi_env env, napi_value exports);

napi_value napi_register_module_v1 (napi_env env, napi_value exports) {
  export (env, exports, "pixels", pixels);
  export (env, exports, "passOutput", pass_output);
  export (env, exports, "cook", cook);
  export (env, exports, "releaseSignals", release_signals);
  return exports;
}
