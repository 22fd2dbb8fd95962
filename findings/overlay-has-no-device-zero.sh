#!/bin/sh
# Linux 6.18: root cannot make the character device 0/0 in an overlay, and anybody can make it elsewhere.
#
# Expected: mknod c 0 0 works for root wherever mknod c 1 3 does.
# Seen:     on tmpfs it needs no capability at all since Linux 5.8; in an overlay it is EPERM for root with all capabilities, since it is the mark
#           of a whiteout, while mknod c 1 3 works there. So whoever unpacks
#           layers inside a container gets EPERM at the first whiteout, which looks like a missing CAP_MKNOD.
set -eu
echo "version: Linux $(uname -r)"
unshare -m --propagation private python3 - <<'PY'
import errno, os, stat, subprocess, sys, tempfile
top = tempfile.mkdtemp()
def mount(*words):
    subprocess.run(['mount', *words], check=True)
mount('-t', 'tmpfs', 'tmpfs', top)
os.chmod(top, 0o777)
os.chdir(top)
for name in ('lower', 'upper', 'work', 'merged'):
    os.mkdir(name)
mount('-t', 'overlay', 'overlay', '-o', 'lowerdir=lower,upperdir=upper,workdir=work', 'merged')
def make(path, *device):
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(*device))
        return 'made'
    except OSError as error:
        return errno.errorcode[error.errno]
seen = {
    'root, overlay, 0/0': make('merged/zero', 0, 0),
    'root, overlay, 1/3': make('merged/null', 1, 3),
    'root, tmpfs, 0/0': make('zero', 0, 0),
}
os.seteuid(65534)
seen['nobody, tmpfs, 0/0'] = make('zero-of-nobody', 0, 0)
seen['nobody, tmpfs, 1/3'] = make('null-of-nobody', 1, 3)
was = ['EPERM', 'made', 'made', 'made', 'EPERM']
for what, answer in seen.items():
    print(f'{what}: {answer}')
if list(seen.values()) != was:
    sys.exit(f'CHANGED: it was {was}')
PY
