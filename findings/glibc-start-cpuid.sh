#!/bin/sh
# glibc 2.36 (Debian 12), x86-64: a static program executes CPUID dozens of times before main (68 on one Intel processor).
#
# Expected: a program that does nothing takes as long to start as the kernel takes to execute it.
# Seen:     before main glibc asks for the processor's features, and for each figure of each cache anew (dl_init_cacheinfo, handle_intel). Every hypervisor
#           intercepts CPUID, so in a virtual machine the start of each static program takes tens to hundreds of microseconds longer. GLIBC_TUNABLES does not
#           avoid it. musl executes none.
set -eu
[ "$(uname -m)" = x86_64 ] || { echo 'only x86-64 has CPUID'; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download libc6-dev=2.36-9+deb12u14 musl-dev=1.2.3-1
for package in *.deb; do dpkg -x "$package" root; done
echo 'int main (void) { return 0; }' >nothing.c
gcc -O2 -c nothing.c
glibc=root/usr/lib/x86_64-linux-gnu musl=root/usr/lib/x86_64-linux-musl
gcc -static -nostdlib -o with-glibc $glibc/crt1.o $glibc/crti.o nothing.o -Wl,--start-group $glibc/libc.a -lgcc -lgcc_eh -Wl,--end-group $glibc/crtn.o
gcc -static -nostdlib -o with-musl $musl/crt1.o $musl/crti.o nothing.o $musl/libc.a $musl/crtn.o

# Executes a program instruction by instruction, and counts those that are CPUID (0F A2).
cat >count.c <<'C'
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
int main (int argc, char **argv) {
  pid_t pid = fork ();
  if (pid == 0) {
    ptrace (PTRACE_TRACEME, 0, 0, 0);
    execv (argv[1], argv + 1);
    return 127;
  }
  int status, count = 0;
  while (waitpid (pid, &status, 0) == pid && WIFSTOPPED (status)) {
    struct user_regs_struct registers;
    ptrace (PTRACE_GETREGS, pid, 0, &registers);
    if ((ptrace (PTRACE_PEEKTEXT, pid, registers.rip, 0) & 0xffff) == 0xa20f)
      count++;
    ptrace (PTRACE_SINGLESTEP, pid, 0, 0);
  }
  printf ("%d\n", count);
  return argc != 2 || !WIFEXITED (status) || WEXITSTATUS (status) != 0;
}
C
gcc -O2 -o count count.c
with_glibc=$(./count ./with-glibc) with_musl=$(./count ./with-musl)
echo "CPUID before main: glibc $with_glibc, musl $with_musl"
[ "$with_glibc" -ge 10 ] && [ "$with_musl" -eq 0 ] || { echo CHANGED; exit 1; }
