/* Raw mode of the terminal that stdin is. */
#pragma once
#include <termios.h>

/* Also when it is in raw mode, which a stop may have changed. */
void enter_raw (void);
/* The terminal as it was before; NULL: it is not in raw mode. */
const struct termios *cooked_terminal (void);
void leave_raw (void);
/*
 * Has the terminal restored if this process ends before a byte is written to the descriptor that this returns, which execve(2) keeps. -1 and
 * errno: that is not possible.
 */
int guard_terminal (void);
/* Undoes what a program that was cut off may have left behind on the screen. */
void reset_terminal (void);
