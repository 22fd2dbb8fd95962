#!/bin/sh
# Linux 6.18: fsconfig(2) takes at most 255 bytes as a string, so the new mount API cannot name folders that mount(2) can.
#
# Expected: "lowerdir+" and other options take any path, up to PATH_MAX, as the same path in the options of mount(2).
# Seen:     with FSCONFIG_SET_STRING 255 bytes are taken, and 256 are EINVAL. mount(2) takes the same path
#           in lowerdir=. FSCONFIG_SET_PATH is EINVAL for lowerdir+, too; a descriptor (FSCONFIG_SET_FD, Linux 6.13) has no such bound.
set -eu
echo "version: Linux $(uname -r)"
unshare -m --propagation private python3 - <<'PY'
import ctypes, errno, os, subprocess, sys, tempfile
libc = ctypes.CDLL(None, use_errno=True)
FSOPEN, FSCONFIG, SET_STRING, SET_PATH, SET_FD, AT_FDCWD = 430, 431, 1, 3, 5, -100
top = tempfile.mkdtemp()
subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', top], check=True)
os.chdir(top)
for name in ('other', 'merged'):
    os.mkdir(name)
def result(value):
    return 'taken' if value >= 0 else errno.errorcode[ctypes.get_errno()]
def path_of(length):
    path = f'{"f" * 200}/{"g" * (length - 201)}'
    os.makedirs(path)
    return path.encode()
def configure(command, value, number):
    context = libc.syscall(FSOPEN, b'overlay', 0)
    seen = result(libc.syscall(FSCONFIG, context, command, b'lowerdir+', value, number))
    os.close(context)
    return seen
short, long = path_of(255), path_of(256)
seen = {
    'string of 255 bytes': configure(SET_STRING, short, 0),
    'string of 256 bytes': configure(SET_STRING, long, 0),
    'path of 256 bytes': configure(SET_PATH, long, AT_FDCWD),
    'descriptor of that folder': configure(SET_FD, None, os.open(long, os.O_PATH)),
    'mount(2) with that folder': result(libc.mount(b'overlay', b'merged', b'overlay', 0, b'lowerdir=' + long + b':other')),
}
for what, value in seen.items():
    print(f'{what}: {value}')
was = ['taken', 'EINVAL', 'EINVAL', 'taken', 'taken']
if list(seen.values()) != was:
    sys.exit(f'CHANGED: it was {was}')
PY
