/* The signals that are handled during a session. */
#pragma once
#include <stdbool.h>

/* Holds them back. Returns a descriptor that is readable when one has come, or -1. */
int watch_signals (bool tty);
/* One that has come; 0: none. */
int next_signal (int fd);
/* Signals that end a program which does not pass them on. */
bool is_ending (int signal);
/* Signals by which a user asks a program to end. */
bool is_interrupting (int signal);
/* Whether the process gets it. Those that no key sends are meant for likerctl if the process has a terminal. */
bool is_proxied (int signal, bool tty);
