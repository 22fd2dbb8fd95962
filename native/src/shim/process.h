/* One process: its status, and what the daemon may do to it. */
#pragma once
#include "shim.h"

/* Its start has failed in the shim's own `call`, with errno. The process will be killed. */
void fail_start (struct process *process, const char *call);

/*
 * Opens the mount namespace of the main process. The last process of a namespace unmounts its file systems, and unmounting an
 * overlay syncs the file system of its layers (overlayfs.rst, "Volatile mount"). While the shim holds the namespace, that
 * happens after the end is reported, not before.
 */
void hold_mounts (struct shim *shim, const struct process *process);

/* Reads the wait status of the program from its init. If the init was killed, the init's own status counts. */
void take_status (struct process *process);

/* The exit code as a shell has it: 128 + signal after a signal. */
int exit_code (const struct process *process);
/* The signal that killed it, or 0. */
int exit_signal (const struct process *process);
bool exit_core (const struct process *process);

/* `foreground`: to the foreground process group of its terminal, if there is one. */
void signal_process (struct process *process, int signal, bool foreground);
void resize_process (struct process *process, const struct winsize *size);
