#!/bin/sh
# umoci 0.4.7 (Debian 12): a whiteout that follows its own name in one layer hides nothing.
#
# Expected: a layer with the entries `f`, then `.wh.f` leaves no `f`, as an unpacker that works entry by entry would have it.
# Seen:     umoci keeps f, with its content: a whiteout acts on lower layers only, in whatever order the entries are. The image
#           specification says so too. (docker's and podman's vfs drivers, and containerd's native one, delete it.)
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download umoci=0.4.7+ds-3+b7
dpkg -x umoci_*.deb root
python3 - <<'PY'
import hashlib, io, json, os, tarfile
os.makedirs('image/blobs/sha256')
def blob(data):
    name = hashlib.sha256(data).hexdigest()
    open('image/blobs/sha256/' + name, 'wb').write(data)
    return 'sha256:' + name, len(data)
def layer(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        for name, data in entries:
            info = tarfile.TarInfo(name); info.size = len(data); info.mode = 0o644
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()
layers = [layer([('below', b'1'), ('f', b'lower')]), layer([('f', b'upper'), ('.wh.f', b''), ('.wh.below', b'')])]
digests = [blob(data) for data in layers]
config = blob(json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {'type': 'layers', 'diff_ids': [d for d, _ in digests]}, 'history': [{}, {}]}).encode())
describe = lambda kind, d: {'mediaType': kind, 'digest': d[0], 'size': d[1]}
manifest = blob(json.dumps({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'config': describe('application/vnd.oci.image.config.v1+json', config), 'layers': [describe('application/vnd.oci.image.layer.v1.tar', d) for d in digests]}).encode())
json.dump({'schemaVersion': 2, 'manifests': [dict(describe('application/vnd.oci.image.manifest.v1+json', manifest), annotations={'org.opencontainers.image.ref.name': 't'})]}, open('image/index.json', 'w'))
json.dump({'imageLayoutVersion': '1.0.0'}, open('image/oci-layout', 'w'))
PY
echo "version: $(root/usr/bin/umoci --version)"
root/usr/bin/umoci unpack --image image:t bundle 2>log.txt || { cat log.txt; exit 1; }
echo "files: $(ls -A bundle/rootfs | tr '\n' ' ')"
[ ! -e bundle/rootfs/below ] || { echo "CHANGED: the lower layer's file is still there"; exit 1; }
[ "$(cat bundle/rootfs/f 2>/dev/null)" = upper ] || { echo "CHANGED: f is gone"; exit 1; }
echo "f is kept, with the content of its own layer: $(cat bundle/rootfs/f)"
