/*
 * Built with the flags of the shim's objects: what these flags do to a program with a fault.
 *   level    prints the level of _FORTIFY_SOURCE that the libc applies
 *   stack N  writes N bytes to an array of 16
 *   heap N   copies N bytes to an allocation of 16, whose size only level 3 knows
 *   zero     prints the sum of an array that was never written, over a stack full of other values
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The compiler must not know what happens to the memory. */
static void escape (void *memory) { __asm__ volatile ("" : : "r"(memory) : "memory"); }

static __attribute__ ((noinline)) void overflow_stack (size_t count) {
  char array[16];
  escape (array);
  for (volatile char *at = array; count > 0; count--)
    *at++ = 'x';
  escape (array);
}

static __attribute__ ((noinline)) void overflow_heap (size_t size, size_t count) {
  static const char source[64];
  char *memory = malloc (size);
  if (!memory)
    exit (2);
  memcpy (memory, source, count);
  escape (memory);
  free (memory);
}

static __attribute__ ((noinline)) void fill_stack (void) {
  char array[256];
  memset (array, 1, sizeof array);
  escape (array);
}

#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
static __attribute__ ((noinline)) int sum_unwritten (void) {
  char array[256];
  int sum = 0;
  escape (array);
  for (size_t i = 0; i < sizeof array; i++)
    sum += array[i];
  return sum;
}

int main (int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  size_t count = argc > 2 ? (size_t)atoi (argv[2]) : 0;
  if (!strcmp (what, "level"))
    printf ("%d\n", __USE_FORTIFY_LEVEL);
  else if (!strcmp (what, "stack"))
    overflow_stack (count);
  else if (!strcmp (what, "heap"))
    overflow_heap (16, count);
  else if (!strcmp (what, "zero")) {
    fill_stack ();
    printf ("%d\n", sum_unwritten ());
  } else
    return 2;
  return 0;
}
