#!/bin/sh
# Linux 6.18: ETXTBSY does not reach through an overlay, either way.
#
# Expected: a program whose file is open for writing cannot be run, and the file of a running program cannot be opened for writing, by
#           whatever path, as through a bind mount.
# Seen:     the overlay's inode keeps that count for itself: while the file of a lower layer is open for writing, the overlay's is run, and
#           while that runs, the lower file can be opened for writing. Through a bind mount of the same file both give ETXTBSY.
set -eu
echo "version: Linux $(uname -r)"
unshare -m --propagation private python3 - <<'PY'
import errno, os, shutil, subprocess, sys, tempfile
top = tempfile.mkdtemp()
def mount(*words):
    subprocess.run(['mount', *words], check=True)
mount('-t', 'tmpfs', 'tmpfs', top)
os.chdir(top)
for name in ('lower', 'upper', 'work', 'merged', 'bind'):
    os.mkdir(name)
shutil.copy('/bin/sleep', 'lower/sleep')
mount('-t', 'overlay', 'overlay', '-o', 'lowerdir=lower,upperdir=upper,workdir=work', 'merged')
mount('--bind', 'lower', 'bind')
def attempt(run):
    try:
        run()
        return 'allowed'
    except OSError as error:
        return errno.errorcode[error.errno]
def seen(path):
    with open('lower/sleep', 'r+b'):
        while_written = attempt(lambda: subprocess.run([path, '0'], check=True))
    running = subprocess.Popen([path, '60'])
    try:
        while_run = attempt(lambda: open('lower/sleep', 'r+b').close())
    finally:
        running.kill()
        running.wait()
    return [while_written, while_run]
overlay, bind = seen('merged/sleep'), seen('bind/sleep')
print('run while it is written, written while it runs')
print('through an overlay:', *overlay)
print('through a bind mount:', *bind)
if overlay != ['allowed', 'allowed'] or bind != ['ETXTBSY', 'ETXTBSY']:
    sys.exit('CHANGED')
PY
