#!/bin/sh
# musl 1.2.3 (Debian 12): a name server that answers REFUSED is waited for as if it had said nothing.
#
# Expected: REFUSED is an answer, and getaddrinfo fails at once, as it does after NXDOMAIN.
# Seen:     musl takes the codes 0 and 3 as answers, asks again after 2 (SERVFAIL), and passes over all others: after REFUSED it sends its
#           questions again after 2.5 s and fails with EAI_AGAIN after 5 s. glibc asks the same server once more at once, and fails with EAI_AGAIN, too.
#           A server that denies names and is to be quick with images of Alpine has to say NXDOMAIN.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download musl-dev=1.2.3-1
dpkg -x musl-dev_*.deb root
cat >look.c <<'C'
#include <netdb.h>
#include <stdio.h>
#include <time.h>
int main (int argc, char **argv) {
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
  struct timespec from, to;
  clock_gettime (CLOCK_MONOTONIC, &from);
  int error = getaddrinfo (argv[argc - 1], "80", &hints, &found);
  clock_gettime (CLOCK_MONOTONIC, &to);
  printf ("%ld %s\n", (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000, error == EAI_AGAIN ? "EAI_AGAIN" : error == EAI_NONAME ? "EAI_NONAME" : gai_strerror (error));
}
C
lib=$(echo root/usr/lib/*-linux-musl) include=$(echo root/usr/include/*-linux-musl)
gcc -O1 -nostdinc -isystem "$include" -nostdlib -static -o musl "$lib/crt1.o" "$lib/crti.o" look.c "$lib/libc.a" -lgcc "$lib/crtn.o"
gcc -O1 -o glibc look.c
cat >run.py <<'PY'
import socket, subprocess, sys, threading
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(('127.0.0.1', 53))
codes = {'refused': 5, 'absent': 3}
asked = []
def serve():
    while True:
        question, place = server.recvfrom(512)
        name = question[13:13 + question[12]].decode()
        asked.append(name)
        server.sendto(question[:2] + bytes([0x81, 0x80 | codes[name]]) + question[4:], place)
threading.Thread(target=serve, daemon=True).start()
results = {}
for libc in ('musl', 'glibc'):
    for name in codes:
        asked.clear()
        ms, error = subprocess.run(['./' + libc, name + '.example'], capture_output=True, text=True, check=True).stdout.split()
        results[libc, name] = int(ms), error
        print(f'{libc}, {name}: {error} after {ms} ms and {len(asked)} questions')
if results['musl', 'refused'][0] < 4000 or results['musl', 'absent'][0] > 2000 or results['glibc', 'refused'][1] != 'EAI_AGAIN':
    print('CHANGED'); sys.exit(1)
PY
echo 'nameserver 127.0.0.1' >resolv.conf
unshare -nm sh -euc '
  ip link set lo up
  mount --bind resolv.conf /etc/resolv.conf
  python3 run.py
'
