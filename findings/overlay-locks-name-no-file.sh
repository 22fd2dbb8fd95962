#!/bin/sh
# Linux 6.18: in an overlay of two file systems, /proc/locks and /proc/PID/maps give two files one device and inode, and stat gives another.
#
# Expected: device and inode there are those of stat(2), as on any other file system, so that lslocks, fuser and a checkpoint find the file.
# Seen:     stat gives each lower file system a device number of its own. /proc/locks and /proc/PID/maps have the overlay's own device with the
#           inode number of the lower file system: no stat of the two files matches, and two files with one number look like the same.
set -eu
echo "version: Linux $(uname -r)"
unshare -m --propagation private python3 - <<'PY'
import fcntl, mmap, os, subprocess, sys, tempfile
top = tempfile.mkdtemp()
def mount(*words):
    subprocess.run(['mount', *words], check=True)
mount('-t', 'tmpfs', 'tmpfs', top)
os.chdir(top)
for name in ('one', 'two', 'upper', 'work', 'merged'):
    os.mkdir(name)
for name, file in (('one', 'a'), ('two', 'b')):
    mount('-t', 'tmpfs', 'tmpfs', name)
    open(f'{name}/{file}', 'w').write('x' * 4096)
mount('-t', 'overlay', 'overlay', '-o', 'lowerdir=one:two,upperdir=upper,workdir=work', 'merged')
def pair(device, inode):
    return f'{os.major(device):02x}:{os.minor(device):02x}:{inode}'
def seen(path):
    file = open(path, 'rb')
    fcntl.flock(file, fcntl.LOCK_EX)
    found = os.fstat(file.fileno())
    lock, = [words[5] for words in map(str.split, open('/proc/locks')) if words[1] == 'FLOCK' and words[4] == str(os.getpid())]
    fcntl.flock(file, fcntl.LOCK_UN)
    with mmap.mmap(file.fileno(), 4096, prot=mmap.PROT_READ):
        mapped, = [f'{words[3]}:{words[4]}' for words in map(str.split, open('/proc/self/maps')) if words[-1] == os.path.realpath(path)]
    return pair(found.st_dev, found.st_ino), lock, mapped
a, b = seen('merged/a'), seen('merged/b')
for path, (found, lock, mapped) in (('a', a), ('b', b)):
    print(f'{path}: stat {found}, /proc/locks {lock}, /proc/self/maps {mapped}')
own = pair(os.stat('merged').st_dev, os.stat('one/a').st_ino)
if a[0] == b[0] or {a[1], b[1], a[2], b[2]} != {own} or own in (a[0], b[0]):
    sys.exit('CHANGED')
print(f'locks and maps have the same {own} for both files')
PY
