#!/bin/sh
# libarchive 3.6.2 (Debian 12): the fraction of a pax time before 1970 is added, not taken away.
#
# Expected: a record mtime=-1.25, as GNU tar writes and reads it, is a second and a quarter before 1970: seconds -2 and 750,000,000 nanoseconds.
# Seen:     archive_entry_mtime is -1 and archive_entry_mtime_nsec 250,000,000, so bsdtar sets -0.75. Of -0.25 the sign is lost: it becomes +0.25.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download libarchive-tools=3.6.2-1+deb12u5 libarchive13=3.6.2-1+deb12u5
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$(echo "$work"/root/usr/lib/*-linux-gnu)
echo "version: $(root/usr/bin/bsdtar --version)"
touch file
# Nanoseconds since 1970: what GNU tar, then bsdtar, makes of it.
read_times() {
  tar --format=pax --pax-option=delete=atime,delete=ctime --mtime="@$1" -cf archive.tar file
  grep -aqF "mtime=$1" archive.tar
  for reader in tar root/usr/bin/bsdtar; do
    "$reader" -xf archive.tar 2>/dev/null
    python3 -c 'import os; print(os.stat("file").st_mtime_ns)'
  done
}
check() {
  seen=$(read_times "$1" | xargs)
  echo "mtime=$1: $seen"
  [ "$seen" = "$2" ] || { echo "CHANGED: it was $2"; exit 1; }
}
echo "record: nanoseconds since 1970 by GNU tar, and by bsdtar"
check 1.25 '1250000000 1250000000'
check -2 '-2000000000 -2000000000'
check -1.25 '-1250000000 -750000000'
check -0.25 '-250000000 250000000'
