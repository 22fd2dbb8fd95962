/*
 * A kernel whose answers are drawn from bytes of the fuzzer: the objects under test are linked to these calls in the place of
 * libc's (see the Makefile), so that no call reaches the host. When the bytes are used up, every call succeeds. Calls that this file
 * does not know succeed or fail likewise, by `other.c`, which the Makefile makes.
 *
 * Each argument is read as far as the kernel would read it, so that AddressSanitizer sees what is passed.
 */
#pragma once
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where _exit leads, with 1 more than the code, and a successful execve. */
extern jmp_buf kernel_exit;
#define KERNEL_EXECUTED 1000

/* Forgets all fds and answers from now on as `size` bytes at `data` say. */
void kernel_begin (const uint8_t *data, size_t size);

/* Frees what is left of the memory, as the end of a process does. */
void kernel_end (void);

/* From now on every file that is opened is a regular file with these contents. */
void kernel_file (const void *data, size_t size);

/* An fd that is open, of no particular kind. */
int kernel_fd (void);

int kernel_close (int fd);

/* syscall(2) by this kernel. */
long kernel_syscall (long number, long a, long b, long c, long d);

/* How many fds are open. */
unsigned kernel_fds_open (void);

/* The next byte of the script; 0 at its end. */
uint8_t draw (void);
uint32_t draw_u32 (void);

/* Whether the call that draws fails; then errno is set. */
bool draw_failure (void);

/* Ends the run as a finding of the fuzzer if `holds` is false. */
void require (bool holds, const char *what);
