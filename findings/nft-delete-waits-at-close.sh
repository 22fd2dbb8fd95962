#!/bin/sh
# Linux 6.18 (by nftables 1.0.6, Debian 12): after elements were deleted, closing the netlink socket takes milliseconds.
#
# Expected: a transaction is over when its answer is there, and close(2) of the socket takes microseconds.
# Seen:     it does after an addition. After a deletion, close waits until the kernel has freed the elements, a grace period of RCU: about a
#           thousand times as long. Meanwhile nobody else can change nftables in that namespace. A program that keeps its socket open never
#           waits; nft, which opens one for each command, always does.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libnftnl11 libmnl0 libjansson4 libedit2 libxtables12 strace=6.1-0.1
for deb in *.deb; do dpkg -x "$deb" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)"
unshare -n sh -eu -c '
  nft=$0/usr/sbin/nft
  # Microseconds of the longest close of a command.
  longest() { "$root/usr/bin/strace" -T -e trace=close "$@" 2>&1 | sed -n "s/^close.*<0*\([0-9]*\)\.\([0-9]*\)>/\1\2/p" | sort -n | tail -1; }
  median() { sort -n | sed -n 6p; }
  root=$0
  echo "version: Linux $(uname -r), $($nft --version)"
  $nft add table inet t
  $nft "add set inet t s { type inet_service; }"
  for port in 1 2 3 4 5 6 7 8 9 10 11; do
    longest $nft add element inet t s "{ $port }" >>added
    longest $nft delete element inet t s "{ $port }" >>deleted
  done
  added=$(median <added) deleted=$(median <deleted)
  added=$(printf %s "$added" | sed "s/^0*//") deleted=$(printf %s "$deleted" | sed "s/^0*//")
  echo "close after add: $added us, after delete: $deleted us (medians of 11)"
  [ "$deleted" -gt "$((20 * added))" ] || { echo "CHANGED: close does not wait"; exit 1; }
' "$work/root"
