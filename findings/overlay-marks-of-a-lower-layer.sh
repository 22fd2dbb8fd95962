#!/bin/sh
# Linux 6.18: two marks by which a lower layer of an overlay hides files of layers below it mean something else at its edges.
#
# Expected: a lower layer whose own root has trusted.overlay.opaque=y hides all layers below, as an opaque folder does further down; and a
#           whiteout (character device 0/0) that hides nothing is not seen, as one that hides a file is not.
# Seen:     the mark on the layer's root is ignored: files of the layer below show. In a folder that only this layer has, a whiteout without
#           anything to hide is listed by readdir, and stat of that name gives ENOENT; with a file below it, the name is not listed.
set -eu
echo "version: Linux $(uname -r)"
unshare -m --propagation private python3 - <<'PY'
import errno, os, stat, subprocess, sys, tempfile
top = tempfile.mkdtemp()
def mount(*words):
    subprocess.run(['mount', *words], check=True)
mount('-t', 'tmpfs', 'tmpfs', top)
os.chdir(top)
for name in ('bottom', 'layer', 'upper', 'work', 'merged', 'bottom/both', 'bottom/opaque', 'layer/both', 'layer/opaque', 'layer/only'):
    os.mkdir(name)
for name in ('bottom/file', 'bottom/both/hidden', 'bottom/opaque/hidden'):
    open(name, 'w').close()
for name in ('layer', 'layer/opaque'):
    os.setxattr(name, 'trusted.overlay.opaque', b'y')
for name in ('layer/both/hidden', 'layer/only/ghost'):
    os.mknod(name, stat.S_IFCHR, os.makedev(0, 0))
mount('-t', 'overlay', 'overlay', '-o', 'lowerdir=layer:bottom,upperdir=upper,workdir=work', 'merged')
def attempt(path):
    try:
        os.stat(path)
        return 'there'
    except OSError as error:
        return errno.errorcode[error.errno]
seen = {
    'merged/file, below a root that is opaque': attempt('merged/file'),
    'names in merged/opaque': os.listdir('merged/opaque'),
    'names in merged/both': os.listdir('merged/both'),
    'names in merged/only': os.listdir('merged/only'),
    'merged/only/ghost': attempt('merged/only/ghost'),
}
was = ['there', [], [], ['ghost'], 'ENOENT']
for what, value in seen.items():
    print(f'{what}: {value}')
os.chdir('/')
subprocess.run(['umount', '--lazy', top], check=True)
os.rmdir(top)
sys.exit('CHANGED' if list(seen.values()) != was else 0)
PY
