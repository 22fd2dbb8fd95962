/*
 * first-message: reads command lines, each as the number of its words and the words, all with a NUL behind them. Prints for each the socket
 * and the first message in hexadecimal, or "leave" if likerctl would leave it to the TypeScript client.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include "likerctl/leave.h"
#include "likerctl/request.h"

#define MOST_WORDS 64

static jmp_buf left;

void leave (const struct handed_over *state) {
  (void)state;
  longjmp (left, 1);
}

static void print_message (char **words) {
  struct session_plan plan;
  if (setjmp (left) || !read_request (words, &plan)) {
    puts ("leave");
    return;
  }
  printf ("%s ", plan.socket_path);
  for (size_t i = 0; i < plan.start_length; i++)
    printf ("%02x", plan.start[i]);
  putchar ('\n');
}

static char *read_word (void) {
  char *word = NULL;
  size_t room = 0;
  if (getdelim (&word, &room, '\0', stdin) < 0)
    exit (0);
  return word;
}

int main (void) {
  for (;;) {
    char *words[MOST_WORDS] = { NULL };
    int count = atoi (read_word ());
    for (int i = 0; i < count && i < MOST_WORDS - 1; i++)
      words[i] = read_word ();
    print_message (words);
  }
}
