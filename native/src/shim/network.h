/*
 * The container's network namespace is connected by the shim itself (network/connect.h), or by a program (pasta), where likerd names one. That
 * goes on in the background as a child of the shim, and ends with the main process. If it ends before, it is started again.
 */
#pragma once
#include "plan/reader.h"
#include "shim.h"

/* Keeps copies of the fields of STEP_connect and of the program's arguments; either may be missing. -1 and errno. */
int network_plan (struct shim *shim, const struct cursor *step, char *const *arguments);

/* Connects the namespace or starts the program, once the main process, and so its namespace, exists. */
void network_connect (struct shim *shim, struct process *process);

/* The main process, or for now its helper `sender`, waits for its network. */
void network_await (struct shim *shim, struct process *process, pid_t sender);

/* The main process, or its helper `sender`, waits until likerd has connected its namespace. */
void network_ask (struct shim *shim, struct process *process, pid_t sender);

/* likerd has. */
void network_answer (struct shim *shim, struct process *process, const void *answer, size_t size);

/* A child has ended: perhaps the program, or its start. */
void network_note (struct shim *shim, pid_t pid, int status);

/* Starts the program again if it is time. */
void network_advance (struct shim *shim);

/* The main process has ended, or was never started. */
void network_end (struct shim *shim);
