#!/bin/sh
# Linux 6.18, blkio of cgroup v1 (files of the kernel alone; dd and losetup are Debian 12's).
#
# Expected: blkio.throttle.io_service_bytes counts what the group reads and writes from the group's creation on, whether there are limits or
#           not: it is a figure and no limit.
# Seen:     without any limit on the disk the file says "Total 0", whatever is written. Once a limit was written, in any group and even one
#           of 0, which means none, all groups count what they read and write on that disk from then on; what came before stays uncounted.
set -eu
hierarchy=$(sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* - cgroup [^ ]* .*\bblkio\b.*/\1/p' /proc/self/mountinfo | head -n 1)
[ -n "$hierarchy" ] || { echo "blkio of cgroup v1 is not mounted here"; exit 77; }
work=$(mktemp -d)
group=$hierarchy/finding-$$
other=$group-other
loop=
trap '[ -z "$loop" ] || losetup -d "$loop"; for made in "$group" "$other"; do [ ! -d "$made" ] || rmdir "$made"; done; rm -rf "$work"' EXIT
mkdir "$group" "$other"
truncate -s 16M "$work/disk"
# A new one, since what a limit has begun does not end with it.
index=$((1000 + $$))
losetup "/dev/loop$index" "$work/disk"
loop=/dev/loop$index
number=$(cat "/sys/block/${loop##*/}/dev")
write() {
  sh -c 'echo $$ >"$0/cgroup.procs"; exec dd if=/dev/zero of="$1" bs=1M count=4 oflag=direct 2>/dev/null' "$group" "$loop"
  sed -n "s/^$number Write //p" "$group/blkio.throttle.io_service_bytes"
}
echo "version: Linux $(uname -r)"
before=$(write)
echo "4 MiB written before any limit: '$before'"
[ -z "$before" ] || { echo "CHANGED: it counts without a limit (or a loop device had one before)"; exit 1; }
echo "$number 0" >"$other/blkio.throttle.read_bps_device"
after=$(write)
echo "4 MiB more after 0 was written as another group's limit of reading: '$after'"
[ "$after" = 4194304 ] || { echo "CHANGED: it does not count from then on"; exit 1; }
