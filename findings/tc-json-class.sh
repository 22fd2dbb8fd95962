#!/bin/sh
# iproute2 6.1.0 (Debian 12): `tc -j class show` prints plain text for htb.
#
# Expected: with -j every `show` of tc prints JSON, as `tc -j qdisc show` on the same interface does.
# Seen:     the qdisc is JSON; the class is the same text as without -j, and the exit status is 0.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download iproute2=6.1.0-3
dpkg -x iproute2_*.deb root
unshare -n sh -eu -c '
  tc=$0/sbin/tc
  echo "version: $($tc -V)"
  $tc qdisc add dev lo root handle 1: htb
  $tc class add dev lo parent 1: classid 1:1 htb rate 1mbit
  $tc -j qdisc show dev lo | python3 -m json.tool >/dev/null && echo "tc -j qdisc show: JSON"
  $tc -j class show dev lo >class.txt
  if python3 -m json.tool class.txt >/dev/null 2>&1; then echo "CHANGED: tc -j class show prints JSON"; exit 1; fi
  echo "tc -j class show, exit status 0: $(cat class.txt)"
' "$work/root"
