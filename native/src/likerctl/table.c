#include "table.h"
#include "likerctl-table.h"

#define BYTES(text) { text, sizeof (text) - 1 }
#define COUNT(array) (sizeof (array) / sizeof *(array))

static const struct message run_messages[] = { RUN_MESSAGES };
static const struct message exec_messages[] = { EXEC_MESSAGES };
static const struct flag run_flags[] = { RUN_FLAGS };
static const struct flag exec_flags[] = { EXEC_FLAGS };
static const struct flag host_flags[] = { GLOBAL_FLAGS };

_Static_assert (COUNT (run_messages) <= MOST_MESSAGES && COUNT (exec_messages) <= MOST_MESSAGES, "messages");
_Static_assert (COUNT (run_flags) <= MOST_FLAGS && COUNT (exec_flags) <= MOST_FLAGS, "flags");

const struct command run_command = {
  .method = "Run",
  .messages = run_messages,
  .message_count = COUNT (run_messages),
  .flags = { run_flags, COUNT (run_flags) },
  .arguments = RUN_ARGUMENTS,
  .request_id = RUN_REQUEST_ID,
  .terminal_size = RUN_TERMINAL_SIZE,
};

const struct command exec_command = {
  .method = "Exec",
  .messages = exec_messages,
  .message_count = COUNT (exec_messages),
  .flags = { exec_flags, COUNT (exec_flags) },
  .arguments = EXEC_ARGUMENTS,
  .request_id = EXEC_REQUEST_ID,
  .terminal_size = EXEC_TERMINAL_SIZE,
};

const struct place run_image = RUN_IMAGE;
const struct place run_directory = RUN_DIRECTORY;
const struct place exec_container = EXEC_CONTAINER;

const struct mount_template mount_templates[2][2] = { MOUNTS };

const struct flag_list global_flags = { host_flags, COUNT (host_flags) };
