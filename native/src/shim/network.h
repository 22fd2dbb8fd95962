/*
 * The program that connects the container's network namespace to the outside (pasta), where likerd names one. It goes on in the
 * background as a child of the shim, and ends with the main process.
 */
#pragma once
#include "shim.h"

/* Takes a copy of the arguments; without any, there is no such program. -1 and errno. */
int network_plan (struct shim *shim, char *const *arguments);

/* Starts the program, once the main process, and so its namespace, exists. */
void network_connect (struct shim *shim, struct process *process);

/* The main process waits for its network. */
void network_await (struct shim *shim, struct process *process);

/* A child has ended: perhaps the start of the program. */
void network_note (struct shim *shim, pid_t pid, int status);

/* The main process has ended, or was never started. */
void network_end (struct shim *shim);
